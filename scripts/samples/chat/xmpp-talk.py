#!/usr/bin/env python3
"""Two people talk over a server of XMPP on this machine with slixmpp: robin (the first connection) and kim.

  xmpp-talk.py PASSWORD     without TLS, for a capture that can be read
"""
import asyncio
import sys

import slixmpp
from slixmpp.xmlstream import ET


class Person(slixmpp.ClientXMPP):
    def __init__(self, name, password):
        super().__init__(f"{name}@pier.example/{name}", password)
        for plugin in ("xep_0030", "xep_0047", "xep_0066", "xep_0085", "xep_0199"):
            self.register_plugin(plugin)
        self["feature_mechanisms"].unencrypted_plain = True
        self["feature_mechanisms"].use_mech = "PLAIN"
        self.enable_starttls = False
        self.enable_direct_tls = False
        self.enable_plaintext = True
        self.ready = asyncio.Event()
        self.add_event_handler("session_start", self.begin)

    async def begin(self, _):
        self.send_presence(pshow="chat", pstatus="at the pier")
        await self.get_roster()
        self.ready.set()

    async def start(self):
        self.connect("127.0.0.1", 5222)
        await asyncio.wait_for(self.ready.wait(), 20)


async def main():
    robin, kim = Person("robin", sys.argv[1]), Person("kim", sys.argv[1])
    kim["xep_0047"].auto_accept = True
    kim.add_event_handler("message", lambda message: None)
    await robin.start()
    await kim.start()
    robin.send_message("kim@pier.example/kim", "The crates come at nine & ten.", mtype="chat")
    await asyncio.sleep(0.5)
    kim.send_message("robin@pier.example/robin", "Zwölf Stück?", mtype="chat")
    await asyncio.sleep(0.5)
    link = robin.make_message("kim@pier.example/kim", "https://pier.example/map.png", mtype="chat")
    link["oob"]["url"] = "https://pier.example/map.png"
    link.send()
    await asyncio.sleep(0.5)
    offer = robin.make_iq_set(ito="kim@pier.example/kim")
    si = ET.SubElement(offer.xml, "{http://jabber.org/protocol/si}si", {"id": "s1", "mime-type": "text/plain"})
    space = "{http://jabber.org/protocol/si/profile/file-transfer}"
    ET.SubElement(si, space + "file", {"name": "crates.txt", "size": "24"})
    try:
        await offer.send(timeout=2)
    except slixmpp.exceptions.XMPPError:
        pass  # kim's client does not know offers, but takes the file.
    stream = await robin["xep_0047"].open_stream("kim@pier.example/kim", sid="s1", block_size=16)
    await stream.sendall(b"crate 17\ncrate 18\ncrate 1")
    await stream.close()
    await asyncio.sleep(0.5)
    for person in (robin, kim):
        await person.disconnect()


asyncio.run(main())
