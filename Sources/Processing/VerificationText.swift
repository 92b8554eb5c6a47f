/// The text of VERIFY.txt: how to check a bundle with programs that we did not write.
///
/// The lines that begin with five blanks are together a script, which tests run.
enum VerificationText {
  static let text = #"""
    How to check this bundle without exhibit
    ========================================
    Everything below uses programs that every Linux system has (sh, coreutils, findutils, grep, sed, awk, openssl 3); nothing of ours is
    needed. The indented lines are one script. From this directory all of it runs at once with

      sed -n 's/^     //p' VERIFY.txt > /tmp/check.sh && sh /tmp/check.sh /PATH/TO/TRUSTED.pem

    TRUSTED.pem holds the certificates of the authorities that you rely on, for signers and for time-stamps, obtained from them and
    not from this bundle. Without it only hashes are checked, and that signatures fit, not whose they are. Nothing is written into
    this directory. The last line says what came of it, and so does the exit status: 0 for no complaint.

         trusted=${1:-}
         bad=0
         fail() { echo "$*"; bad=1; }

    1. There are plain files and directories with plain names only, and the lists name plain files of this directory, in order and each
       once. Without that nothing below can be relied on: a list could name a device, which has no end.

         LC_ALL=C
         export LC_ALL
         stop() { fail "$*"; echo "there are complaints"; exit 1; }
         [ -z "$(find . ! -name . \( ! -type f ! -type d -o -name '*[!A-Za-z0-9._-]*' -o -name '[.-]*' \) | head -c 1)" ] ||
           stop "BROKEN: there is a link, a special file or a name that is not permitted"
         [ -z "$(find . -mindepth 16 -type d | head -c 1)" ] || stop "BROKEN: there are more than 15 directories in each other"
         form() { # form LIST DIGITS: as sha256sum writes it, with permitted names only
           part='[A-Za-z0-9_][A-Za-z0-9._-]*'
           [ -f "$1" ] && [ -z "$(tail -c 1 "$1")" ] && ! grep -q -v -x -E "[0-9a-f]{$2}  ($part/)*$part" "$1" &&
             cut -c $(($2 + 3))- "$1" | sort -c -u 2>/dev/null || stop "BROKEN: $1 is missing or no list"
         }
         form manifest-sha256.txt 64
         form tagmanifest-sha256.txt 64

    2. Every file is what it was when the bundle was made or sealed, and none was added. (macOS: shasum -a 256 -c)

         sha256sum --check --quiet --strict manifest-sha256.txt || fail "BROKEN: a payload file differs"
         sha256sum --check --quiet --strict tagmanifest-sha256.txt || fail "BROKEN: a tag file differs"
         if [ -e seal/seal.txt ]; then
           form manifest-sha512.txt 128
           form tagmanifest-sha512.txt 128
           sha512sum --check --quiet --strict manifest-sha512.txt || fail "BROKEN: a payload file differs by SHA-512"
           sha512sum --check --quiet --strict tagmanifest-sha512.txt || fail "BROKEN: a tag file differs by SHA-512"
           for kind in manifest tagmanifest; do
             [ "$(cut -c 67- $kind-sha256.txt)" = "$(cut -c 131- $kind-sha512.txt)" ] || fail "BROKEN: the two lists $kind differ"
           done
         elif [ -e manifest-sha512.txt ] || [ -e tagmanifest-sha512.txt ]; then
           fail "BROKEN: a SHA-512 list without a seal"
         fi
         there() { find "$@" -type f | sed 's,^\./,,' | sort; }
         [ "$(there ./data)" = "$(cut -c 67- manifest-sha256.txt)" ] || fail "BROKEN: data/ and its list differ"
         tags=$(there . ! -path './data/*' ! -path './custody/*' ! -path './seal/*' ! -path './renewal/*' |
           grep -v -x -e tagmanifest-sha256.txt -e tagmanifest-sha512.txt)
         [ "$tags" = "$(cut -c 67- tagmanifest-sha256.txt | grep -v '^custody/')" ] || fail "BROKEN: tag files and their list differ"
         oxum=$(find data -type f -printf '%s\n' | awk '{ bytes += $1 } END { printf "%.0f.%d", bytes, NR }')
         [ "$(sed -n 's/^Payload-Oxum: //p' bag-info.txt)" = "$oxum" ] || fail "BROKEN: the Payload-Oxum differs"
         printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' | cmp -s - bagit.txt || fail "BROKEN: bagit.txt differs"

    3. The custody chain is whole: the events are numbered from 1 on, each names the SHA-256 of the one before it and this bundle.

         number=0
         prev=$(printf '0%.0s' $(seq 64))
         bundle=$(grep -o '"bundle":"[^"]*"' custody/000001.json)
         for event in custody/*.json; do
           number=$((number + 1))
           [ "$event" = "custody/$(printf %06d "$number").json" ] || fail "BROKEN: an event is missing before $event"
           grep -q "\"prev\":{\"sha256\":\"$prev\"" "$event" || fail "BROKEN: $event does not name the event before it"
           grep -q -F "$bundle" "$event" || fail "BROKEN: $event is of another bundle"
           grep -q "\"seq\":$number,.*,\"v\":1[,}]" "$event" && [ "$(wc -l < "$event")" = 0 ] || fail "BROKEN: $event is malformed"
           prev=$(sha256sum < "$event" | cut -c 1-64)
         done
         for file in custody/*; do
           case $file in
             custody/??????.json) ;;
             custody/??????.json.p7s) [ -e "${file%.p7s}" ] || fail "BROKEN: $file belongs to no event" ;;
             *) fail "BROKEN: $file is no event" ;;
           esac
         done

    4. The run was complete, and its last event (type "finish") names the payload manifest as it is. The tag manifest lists the events
       up to that one.

         finish=$(grep -l '"type":"finish"' custody/??????.json | tail -n 1)
         grep -q '"complete":true' "$finish" || fail "BROKEN: the run was not complete"
         manifest=$(sha256sum < manifest-sha256.txt | cut -c 1-64)
         grep -q "\"path\":\"manifest-sha256.txt\",\"sha256\":\"$manifest\"" "$finish" || fail "BROKEN: $finish names another manifest"
         for event in custody/??????.json; do
           for file in "$event" "$event.p7s"; do
             [ ! -e "$file" ] || grep -q "  $file\$" tagmanifest-sha256.txt || fail "BROKEN: $file is not in the tag manifest"
           done
           [ "$event" != "$finish" ] || break
         done

    5. The seal, where there is one, binds the lists and the custody chain up to its own event. Every other file beside it, and in
       renewal/, is named with its SHA-256 by an event (but for the first signature and the time-stamps that came with it).

         sealed=$(grep -l '"type":"seal"' custody/??????.json | xargs -r grep -l '"exit":0')
         if [ -e seal/seal.txt ]; then
           hash='[0-9a-f]\{64\}'
           form=$(sed -e "s/^# evidence seal v1 [^ ]*\$/1/" -e "s/^# items-root rfc9162-sha256 [0-9]* $hash\$/2/" \
             -e "s/^# custody-head [0-9]* $hash\$/3/" -e 's/^# authority [^ ]*\( expired [^ ]*\)\{0,1\}$/4/' \
             -e "s/^$hash  [^ ]*\$/5/" seal/seal.txt | tr '\n' ' ')
           case $form in "1 2 3 5 5 5 5 5 "|"1 2 3 4 5 5 5 5 5 ") ;; *) stop "BROKEN: seal/seal.txt is not of the form" ;; esac
           head=$(sed -n 's/^# custody-head \([0-9]*\) .*/\1/p' seal/seal.txt)
           event=custody/$(printf %06d "$head").json
           urn=$(echo "$bundle" | cut -d '"' -f 4)
           [ "$(sed -n 's/^# evidence seal v1 //p' seal/seal.txt)" = "$urn" ] || fail "BROKEN: the seal is of another bundle"
           [ "$(sed -n 's/^# custody-head //p' seal/seal.txt)" = "$head $(sha256sum < "$event" | cut -c 1-64)" ] ||
             fail "BROKEN: the seal names another event"
           [ "$event" = "$(echo "$sealed" | head -n 1)" ] || fail "BROKEN: $event is no event of a seal"
           names="$event $event.p7s meta/items.checkpoint tagmanifest-sha256.txt tagmanifest-sha512.txt"
           [ "$(grep -v '^#' seal/seal.txt | cut -c 67- | tr '\n' ' ')" = "$names " ] || stop "BROKEN: the seal lists other files"
           sha256sum --check --quiet --strict seal/seal.txt || fail "BROKEN: not what was sealed"
         elif [ -n "$sealed" ]; then
           fail "BROKEN: $sealed says that it was sealed, and there is no seal"
         fi
         outputs() { grep -h -o '"path":"[^"]*","sha256":"[0-9a-f]*"' custody/??????.json | cut -d '"' -f 4,8 | grep -e '^seal/' -e '^renewal/'; }
         outputs | while IFS='"' read -r path hash; do
           [ -f "$path" ] && echo "$hash  $path" | sha256sum --check --status --strict || printf '%s\n' "$path"
         done | tr -c -d '[:print:]\n' | grep . && fail "BROKEN: a file beside the seal differs from what an event says"
         for file in $(find seal renewal -type f 2>/dev/null | LC_ALL=C sort); do
           case $file in
             seal/seal.txt|seal/seal.txt.01.p7s|seal/seal.txt.tsq|seal/seal.txt.tsr) [ -e seal/seal.txt ] || fail "BROKEN: $file without a seal" ;;
             renewal/[0-9][0-9][0-9]/list-sha512.txt.ts[qr]) [ -e "${file%.ts?}" ] || fail "BROKEN: $file is over nothing" ;;
             *) outputs | cut -d '"' -f 1 | grep -q -x -F "$file" || fail "BROKEN: $file is named by no event" ;;
           esac
         done

    6. Time-stamps (RFC 3161). From the newest renewal backwards each is judged at the time that the next newer one proves, the newest
       one now. A renewal is a list of SHA-512 over the seal, the custody chain and former renewals.

         word() { # UNTRUSTED, EXPIRED or BROKEN, from what openssl says
           case $1 in
             *'certificate has expired'*|*'not yet valid'*) echo EXPIRED ;;
             *'unable to get'*|*'self-signed'*|*'self signed'*|*'unsuitable'*|*'purpose'*|*'invalid CA'*|*'unhandled critical'*) echo UNTRUSTED ;;
             *) echo BROKEN ;;
           esac
         }
         stamptime() { date -u -d "$(openssl ts -reply -in "$1" -text 2>/dev/null | sed -n 's/^Time stamp: //p')" +%s; }
         stamp() { # stamp FILE AT: sets `proved` to the earliest time at which an authority saw FILE
           proved= complaint=
           for token in "$1.tsr" "$1".??.tsr; do
             [ -e "$token" ] || continue
             if [ -z "$trusted" ]; then echo "untrusted: $token was not checked: no certificates were given"; continue; fi
             if said=$(openssl ts -verify -data "$1" -in "$token" -CAfile "$trusted" -attime "$2" 2>&1); then
               time=$(stamptime "$token")
               echo "ok: $token, $(date -u -d "@$time" +%Y-%m-%dT%H:%M:%SZ)"
               [ -n "$proved" ] && [ "$proved" -le "$time" ] || proved=$time
             else
               complaint="$(word "$said"): $token"
               case $complaint in BROKEN*) fail "$complaint" ;; esac
             fi
           done
           [ -n "$proved" ] || [ -z "$complaint" ] || fail "$complaint"
         }
         at=$(date +%s)
         proofs=
         for list in $(ls -r renewal/???/list-sha512.txt 2>/dev/null); do
           form "$list" 128
           sha512sum --check --quiet --strict "$list" || fail "BROKEN: something differs from $list"
           for needed in seal/seal.txt tagmanifest-sha512.txt; do
             grep -q "  $needed\$" "$list" || fail "BROKEN: $list does not list $needed"
           done
           stamp "$list" "$at"
           if [ -n "$proved" ]; then at=$proved; proofs="$at:$list $proofs"; fi
         done
         proved=
         [ ! -e seal/seal.txt ] || stamp seal/seal.txt "$at"
         sealtime=$proved
         provenat() { # when FILE stood at the latest: as the oldest renewal that lists it proves, else now
           for proof in $proofs; do
             if grep -q "  $1\$" "${proof#*:}"; then echo "${proof%%:*}"; return; fi
           done
           date +%s
         }

    7. Signatures (CMS, CAdES). An event that names a signer (actor.cert, the SHA-256 of the certificate) bears that person's signature;
       those up to the seal are judged at the time of its time-stamp.

         scratch=$(mktemp -d)
         signers() { # the SHA-256 of the certificate of each who signed FILE in FILE.p7s
           rm -f "$scratch"/*
           openssl cms -verify -binary -noverify -inform DER -in "$1" -content "$2" -signer "$scratch/all" -out /dev/null 2>/dev/null
           [ -e "$scratch/all" ] || return
           awk -v to="$scratch/" '/-BEGIN/ { n++ } n { print > (to "c" n) }' "$scratch/all"
           for one in "$scratch"/c*; do openssl x509 -in "$one" -outform DER | sha256sum | cut -c 1-64; done
         }
         signature() { # signature P7S FILE CERTIFICATE AT: CERTIFICATE is the hash of one who must be among the signers, or empty
           ! openssl cms -verify -noverify -binary -inform DER -in "$1" -out /dev/null 2>/dev/null || fail "BROKEN: $1 has its own content"
           if [ -n "$trusted" ]; then
             said=$(openssl cms -verify -cades -binary -inform DER -in "$1" -content "$2" -CAfile "$trusted" \
               -no-CApath -no-CAstore -attime "$4" -out /dev/null 2>&1) ||
               fail "$(word "$said"): $1"
           else
             openssl cms -verify -noverify -binary -inform DER -in "$1" -content "$2" -out /dev/null 2>/dev/null || fail "BROKEN: $1"
           fi
           [ -z "$3" ] || signers "$1" "$2" | grep -q -x "$3" || fail "BROKEN: $1 is not by the signer whom the event names"
         }
         cert() { sed -n 's/.*"actor":{"cert":"\([0-9a-f]*\)".*/\1/p' "$1"; }
         for event in custody/??????.json; do
           at=$(provenat "$event.p7s")
           [ -z "$sealtime" ] || [ "$(echo "$event" | tr -dc 0-9)" -gt "$(printf %06d "$head")" ] || at=$sealtime
           if [ -e "$event.p7s" ]; then
             signature "$event.p7s" "$event" "$(cert "$event")" "$at"
             [ -n "$(cert "$event")" ] || fail "BROKEN: $event names no signer"
           elif [ -n "$(cert "$event")" ]; then
             fail "UNSIGNED: $event names a signer"
           else
             echo "unsigned: $event"
           fi
         done
         if [ -e seal/seal.txt ]; then
           [ -e seal/seal.txt.01.p7s ] || fail "UNSIGNED: seal/seal.txt"
           for file in seal/seal.txt.??.p7s; do
             [ -e "$file" ] || continue
             if [ "$file" = seal/seal.txt.01.p7s ]; then
               signature "$file" seal/seal.txt "$(cert "custody/$(printf %06d "$head").json")" "${sealtime:-$(provenat "$file")}"
             else
               signature "$file" seal/seal.txt "" "$(provenat "$file")"
             fi
           done
         else
           echo "unsealed: whoever holds this bundle could rewrite all of it, these lists included"
         fi
         rm -rf "$scratch"

       Whether a certificate was taken back: openssl cms -verify … -crl_check -CRLfile LIST, with a list from its authority.

    8. A receipt that you were given (seq, headSha256, tagManifestSha256, sealSha256) shows whether the end of the custody chain was cut
       off, which nothing in here can show: compare by hand.

         echo "custody/$(printf %06d "$number").json $(sha256sum < "custody/$(printf %06d "$number").json" | cut -c 1-64)"
         sha256sum tagmanifest-sha256.txt $(ls seal/seal.txt 2>/dev/null)

    9. Originals that were left where they are (only with meta/external-sha256.txt), where they can be reached from here:

         [ ! -e meta/external-sha256.txt ] ||
           ! sha256sum --check --ignore-missing meta/external-sha256.txt 2> /dev/null | grep ': FAILED' ||
           fail "BROKEN: an original that lies elsewhere differs"

    10. Any statement: each record in data/records names the original and the packet numbers it comes from. Open the original in
        Wireshark and go to that packet (frame.number), or use the filter  frame.number in {12..14, 17}

         if [ "$bad" = 0 ]; then echo "no complaint"; else echo "there are complaints"; fi
         exit "$bad"

    """#
}
