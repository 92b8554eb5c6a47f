# Samba is asked by smbclient: a login and one that fails, a listing, a download, an upload, a rename, a deletion, a resumed
# read, a share that is not there, the same over SMB 1 and, encrypted, over SMB 3.
mkdir -p "$work/share/papers" "$work/samba"
cp "$work/shared/"* "$work/share/papers/"
cp "$work/shared/note.txt" "$work/share/papers/a name with ümlaut.txt"
python3 -c 'import sys; sys.stdout.buffer.write(bytes((place * 13 + place // 256) % 256 for place in range(90000)))' >"$work/share/papers/large.bin"
chmod -R a+rwX "$work/share"
cat >"$work/smb.conf" <<END
[global]
workgroup = TIDEWATER
server role = standalone
interfaces = 192.0.2.20
bind interfaces only = yes
smb ports = 445
server min protocol = NT1
passdb backend = tdbsam:$work/samba/passdb.tdb
private dir = $work/samba
lock directory = $work/samba
state directory = $work/samba
cache directory = $work/samba
pid directory = $work/samba
ncalrpc dir = $work/samba/ncalrpc
log file = $work/samba/log
disable spoolss = yes
load printers = no
username map = $work/samba/users
[papers]
path = $work/share
read only = no
END
# The name that logs in is Robin's; the account is nobody's.
printf 'nobody = robin\n' >"$work/samba/users"
printf 'not a secret\nnot a secret\n' | at server smbpasswd -c "$work/smb.conf" -a -s nobody >/dev/null 2>&1
start server smbd smbd --foreground --configfile="$work/smb.conf" --debug-stdout
sleep 2
ask_samba() { at client smbclient -s "$work/smb.conf" -W TIDEWATER -n LAPTOP "$@" >>"$work/smbclient.log" 2>&1; }
cd "$work/got"

listen files "tcp port 445"
ask_samba //192.0.2.20/papers -U 'robin%not a secret' -m SMB3_11 -c "cd papers; ls; get table.bin; get \"a name with ümlaut.txt\"; put $work/letter.txt letter.txt; rename letter.txt moved.txt; rm moved.txt; mkdir new; get empty.bin"
ask_samba //192.0.2.20/papers -U 'robin%wrong' -m SMB3 -c "ls" || true
ask_samba //192.0.2.20/nothing -U 'robin%not a secret' -m SMB2 -c "ls" || true
head -c 30000 "$work/share/papers/large.bin" >large.bin
ask_samba //192.0.2.20/papers -U 'robin%not a secret' -m SMB2 -c "cd papers; reget large.bin; get missing.bin" || true
keep files SMB
cmp table.bin "$work/shared/table.bin"
cmp large.bin "$work/share/papers/large.bin"

listen encrypted "tcp port 445"
ask_samba //192.0.2.20/papers -U 'robin%not a secret' -m SMB3_11 --client-protection=encrypt -c "cd papers; get note.txt"
keep encrypted SMB

listen version1 "tcp port 445"
ask_samba //192.0.2.20/papers -U 'robin%not a secret' -m NT1 --option='client min protocol=NT1' -c "cd papers; ls; get table.bin table1.bin; put $work/letter.txt letter.txt; rename letter.txt moved.txt; rm moved.txt; get missing.bin" || true
keep version1 SMB
cmp table1.bin "$work/shared/table.bin"
cd "$home"
stop_last
