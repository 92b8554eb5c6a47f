# proftpd is asked by curl without a name, passive and active, over IPv4 and IPv6; and by lftp, curl and ftplib as somebody:
# folders, listings, a resumed and an appended file, one that the server names, one that is given up, and TLS.
mkdir -p "$work/ftp/pub/inner" "$work/ftp/drop" "$work/home/docs"
cp "$work/shared/"* "$work/ftp/pub/"
cp "$work/shared/note.txt" "$work/ftp/pub/inner/a name with ümlaut.txt"
cp "$work/shared/"* "$work/home/docs/"
python3 -c 'import sys; sys.stdout.buffer.write(bytes((place * 11) % 256 for place in range(400000)))' >"$work/home/docs/large.bin"
chmod -R a+rX "$work/ftp"
chmod 777 "$work/ftp/drop"
# A user with a password that is nobody's.
printf 'robin:%s:%s:%s::%s:/bin/false\n' "$(openssl passwd -6 -salt exhibit 'not a secret')" "$(id -u nobody)" "$(id -g nobody)" "$work/home" >"$work/passwd"
chmod 600 "$work/passwd"
chown -R nobody "$work/home"
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=ftp.tidewater.example -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
cat >"$work/proftpd.conf" <<END
LoadModule mod_tls.c
ServerType standalone
ServerName "Tidewater"
UseReverseDNS off
UseIPv6 on
Port 21
PidFile $work/proftpd.pid
ScoreboardFile $work/proftpd.scoreboard
DelayEngine off
AuthOrder mod_auth_file.c mod_auth_unix.c
AuthUserFile $work/passwd
RequireValidShell off
UseFtpUsers off
AllowStoreRestart on
AllowRetrieveRestart on
AllowOverwrite on
User nobody
Group nogroup
DefaultRoot ~
TransferRate RETR 200 user robin
TLSEngine on
TLSRSACertificateFile $work/tls.crt
TLSRSACertificateKeyFile $work/tls.key
TLSRequired off
TLSOptions NoSessionReuseRequired
WtmpLog off
TransferLog none
<Anonymous $work/ftp>
  User nobody
  Group nogroup
  UserAlias anonymous nobody
  RequireValidShell off
</Anonymous>
END
start server proftpd proftpd -n -c "$work/proftpd.conf"
sleep 1
ask() { at client curl -sS "$@"; }
robin="robin:not a secret"

listen anonymous tcp
ask -o "$work/got/note.txt" ftp://192.0.2.20/pub/note.txt
ask -o "$work/got/list" ftp://192.0.2.20/pub/
ask -P - --disable-eprt -o "$work/got/table.bin" ftp://192.0.2.20/pub/table.bin
ask -P - -o "$work/got/table-six.bin" 'ftp://[2001:db8:a::20]/pub/table.bin'
ask --disable-epsv -o "$work/got/empty.bin" ftp://192.0.2.20/pub/empty.bin
ask -T "$work/letter.txt" ftp://192.0.2.20/drop/letter.txt
ask -o "$work/got/missing" ftp://192.0.2.20/pub/missing.bin 2>/dev/null || true
ask -o "$work/got/umlaut.txt" 'ftp://192.0.2.20/pub/inner/a%20name%20with%20%C3%BCmlaut.txt'
keep anonymous FTP
cmp "$work/got/table.bin" "$work/shared/table.bin"
cmp "$work/got/table-six.bin" "$work/shared/table.bin"
cmp "$work/got/umlaut.txt" "$work/shared/note.txt"

listen session tcp
head -c 2000 "$work/shared/table.bin" >"$work/got/partial.bin"
at client lftp -c "set ftp:ssl-allow no; set net:max-retries 1; set dns:order inet; open -u robin,'not a secret' 192.0.2.20; cd docs; ls; \
    nlist; get -c table.bin -o $work/got/partial.bin; cd ..; mkdir new; cd new; put $work/letter.txt; mv letter.txt moved.txt; rm moved.txt" >/dev/null
ask -u "$robin" -a -T "$work/letter.txt" ftp://192.0.2.20/docs/note.txt
at client python3 "$here/abort.py" 192.0.2.20
ask --ssl-reqd -k -u "$robin" -o "$work/got/secure.txt" ftp://192.0.2.20/docs/note.txt
keep session FTP
stop_last
cmp "$work/got/partial.bin" "$work/shared/table.bin"
