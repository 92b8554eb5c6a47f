/// The text of VERIFY.txt: how to check a bundle with programs that we did not write.
enum VerificationText {
  static let text = """
    How to check this bundle without exhibit
    ========================================
    Open a terminal in this directory. Everything below uses programs that every Linux or macOS system has or can get;
    nothing of ours is needed.

    1. Every file is what it was when the bundle was made:

         sha256sum --check --quiet manifest-sha256.txt
         sha256sum --check --quiet tagmanifest-sha256.txt

       No output and exit status 0 mean that nothing differs. (macOS: shasum -a 256 -c manifest-sha256.txt)

    2. No payload file was added or removed (sha256sum does not notice an extra file; bagit.py does):

         python3 -m pip install bagit
         python3 -m bagit --validate .

    3. The custody chain is whole: each event names the SHA-256 of the one before it.

         prev=$(printf '0%.0s' $(seq 64))
         for event in custody/??????.json; do
           grep -q "\\"prev\\":{\\"sha256\\":\\"$prev\\"" "$event" && echo "ok $event" || echo "BROKEN $event"
           prev=$(sha256sum < "$event" | cut -c 1-64)
         done

       Events that name a signer (actor, cert) have that person's signature beside them. TRUSTED.pem holds certificates that
       you obtained yourself, from the signers' authority and not from this bundle:

         for event in custody/??????.json; do
           if [ -e "$event.p7s" ]; then
             openssl cms -verify -cades -binary -inform DER -in "$event.p7s" -content "$event" -CAfile TRUSTED.pem -out /dev/null
           elif grep -q '"cert":' "$event"; then
             echo "UNSIGNED $event"
           fi
         done

    4. The last event of the run (type "finish") names the SHA-256 of manifest-sha256.txt; compare:

         sha256sum manifest-sha256.txt
         grep -h -o '"path":"manifest-sha256.txt","sha256":"[0-9a-f]*"' custody/*.json

    5. Originals that were left where they are (only with meta/external-sha256.txt):

         sha256sum --check meta/external-sha256.txt

    6. Any statement: each record in data/records names the original and the packet numbers it comes from. Open the
       original in Wireshark and go to that packet (frame.number), or use the filter  frame.number in {12..14, 17}

    This bundle is unsealed unless there is a directory seal/: whoever holds an unsealed bundle could rewrite all of it,
    these lists included. Keep its hashes elsewhere:

         sha256sum tagmanifest-sha256.txt

    """
}
