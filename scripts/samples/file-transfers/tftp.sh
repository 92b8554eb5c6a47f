# tftpd-hpa and dnsmasq are asked by tftp-hpa, curl and atftp: texts and bytes, options, an upload, a file that is not there.
start server tftpd in.tftpd --listen --foreground --address 192.0.2.20:69 --user nobody --create --permissive --secure "$work/shared"
listen transfers udp
at client tftp 192.0.2.20 -m octet -c get table.bin "$work/got/table.bin"
at client tftp 192.0.2.20 -m ascii -c get note.txt "$work/got/note.txt"
at client tftp 192.0.2.20 -m octet -c put "$work/letter.txt" letter.txt
at client tftp 192.0.2.20 -m octet -c get empty.bin "$work/got/empty.bin"
at client tftp 192.0.2.20 -m octet -c get missing.bin "$work/got/missing.bin" || true
at client curl -sS --tftp-blksize 1024 -o "$work/got/curl.bin" tftp://192.0.2.20/table.bin
at client atftp --get --remote-file table.bin --local-file "$work/got/atftp.bin" --option "blksize 700" --option "tsize 0" 192.0.2.20
keep transfers TFTP
stop_last
cmp "$work/got/table.bin" "$work/shared/table.bin"
cmp "$work/got/curl.bin" "$work/shared/table.bin"
cmp "$work/got/atftp.bin" "$work/shared/table.bin"
