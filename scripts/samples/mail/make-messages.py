"""Writes the messages that the mail samples carry: python's own composer, as a mail program would use it.

make-messages.py DIRECTORY
"""
import sys
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

out = Path(sys.argv[1])


def write(name, message):
    (out / name).write_bytes(message.as_bytes(policy=SMTP))


def begin(subject, number):
    message = EmailMessage(policy=SMTP)
    message["From"] = "Robin Månsson <robin@example.org>"
    message["To"] = '"Kim, at the harbour" <kim@example.net>, jo@example.net'
    message["Subject"] = subject
    message["Date"] = "Tue, 03 Mar 2026 09:15:00 +0100"
    message["Message-ID"] = f"<{number}@example.org>"
    return message


plain = begin("Delivery at the old pier", "first")
plain.set_content("The boat comes at four.\n.\n..Bring two boxes.\n", cte="7bit")
write("plain.eml", plain)

# A picture of 2 by 2 points and a table, beside text in two forms.
picture = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000200000002080200000"
    "0fdd49a730000001649444154789c63f8cfc0c0f09f8181e13f0303c37f0600202403fd8f9c8c5b0000000049454e44ae426082"
)
full = begin("Grüße: Fotos und Tabelle", "second")
full.set_content("Grüße aus Malmö.\nDas Boot ist grün.\n", cte="quoted-printable")
full.add_alternative("<p>Gr&uuml;&szlig;e aus <b>Malm&ouml;</b>.</p>\n", subtype="html", cte="quoted-printable")
full.add_attachment(picture, maintype="image", subtype="png", filename="bäckerei.png")
full.add_attachment("pier;time\nold;4\n", subtype="csv", filename="table.csv")
full.add_attachment(plain, filename="first.eml")
write("full.eml", full)

odd = begin("=?iso-2022-jp?B?GyRCO3w0Vk1eGyhC?= =?koi8-r?Q?=D0=D2=C9=D7=C5=D4?=", "third")
odd.replace_header("Subject", "placeholder")
odd.set_content("placeholder", charset="us-ascii")
text = odd.as_bytes(policy=SMTP)
text = text.replace(b"Subject: placeholder", b"Subject: =?iso-2022-jp?B?GyRCO3w0VhsoQg==?= =?koi8-r?Q?=D0=D2=C9=D7=C5=D4?=")
text = text.replace(b'charset="us-ascii"', b'charset="koi8-r"').replace(b"7bit", b"8bit")
text = text.replace(b"placeholder", "привет из порта".encode("koi8-r"))
(out / "odd.eml").write_bytes(text)
