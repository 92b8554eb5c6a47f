/// Ports and the protocols that usually use them; a port alone proves nothing.
public enum ServicePort {
  /// The protocol that usually uses a port of `tcp` or `udp`; nil where there is none, or many.
  public static func protocolName(_ port: UInt16, isTCP: Bool) -> String? {
    both[port] ?? (isTCP ? tcp[port] : udp[port])
  }

  /// Which of the two ports of a conversation names its service: one that is known, the responder's first, or else the lower.
  public static func choose(initiator: UInt16, responder: UInt16, isTCP: Bool) -> UInt16 {
    if protocolName(responder, isTCP: isTCP) != nil { return responder }
    if protocolName(initiator, isTCP: isTCP) != nil { return initiator }
    return min(initiator, responder)
  }

  private static let both: [UInt16: String] = [
    7: "echo", 9: "discard", 13: "daytime", 19: "chargen", 37: "time", 53: "DNS", 80: "HTTP", 88: "Kerberos",
    111: "Sun RPC", 389: "LDAP", 427: "SLP", 443: "TLS or QUIC", 464: "Kerberos (passwords)", 623: "IPMI",
    750: "Kerberos",
    853: "DNS over TLS or QUIC", 1194: "OpenVPN", 1719: "H.323 (RAS)", 2049: "NFS", 2123: "GTP-C", 2152: "GTP-U",
    2427: "MGCP", 2727: "MGCP", 3389: "RDP", 3478: "STUN or TURN", 3479: "STUN or TURN", 5060: "SIP",
    5061: "SIP over TLS",
    5349: "STUN or TURN over TLS", 5353: "mDNS", 5683: "CoAP", 8080: "HTTP", 8443: "TLS", 11211: "memcached",
    47808: "BACnet", 51820: "WireGuard",
  ]

  private static let tcp: [UInt16: String] = [
    20: "FTP (data)", 21: "FTP", 22: "SSH", 23: "Telnet", 25: "SMTP", 43: "whois", 49: "TACACS+", 70: "Gopher",
    79: "finger", 81: "HTTP", 102: "ISO transport (S7, MMS, X.400)", 104: "DICOM", 110: "POP3", 113: "ident",
    119: "NNTP",
    135: "DCE/RPC", 139: "SMB over NetBIOS", 143: "IMAP", 179: "BGP", 445: "SMB", 465: "SMTP over TLS", 502: "Modbus",
    513: "rlogin", 514: "rsh", 515: "LPD", 543: "Kerberos login", 554: "RTSP", 563: "NNTP over TLS", 587: "SMTP",
    631: "IPP", 636: "LDAP over TLS", 646: "LDP", 873: "rsync", 989: "FTP over TLS (data)", 990: "FTP over TLS",
    993: "IMAP over TLS", 995: "POP3 over TLS", 1080: "SOCKS", 1433: "Microsoft SQL", 1521: "Oracle", 1720: "H.323",
    1723: "PPTP", 1863: "MSNP", 1883: "MQTT", 1935: "RTMP", 2000: "Skinny (SCCP)", 2404: "IEC 60870-5-104",
    2443: "Skinny over TLS", 2855: "MSRP", 3128: "HTTP proxy", 3260: "iSCSI", 3268: "LDAP", 3306: "MySQL",
    3868: "Diameter",
    4662: "eDonkey", 5000: "UPnP", 5050: "Yahoo Messenger", 5190: "OSCAR (ICQ)",
    5222: "XMPP", 5223: "XMPP over TLS, or push notifications", 5228: "push notifications (Google)", 5269: "XMPP",
    5432: "PostgreSQL", 5555: "Android debugging", 5671: "AMQP over TLS", 5672: "AMQP", 5900: "VNC", 5938: "TeamViewer",
    5985: "WinRM", 6000: "X11", 6379: "Redis", 6660: "IRC", 6667: "IRC", 6697: "IRC over TLS", 6881: "BitTorrent",
    8000: "HTTP", 8008: "HTTP", 8081: "HTTP", 8088: "HTTP", 8333: "Bitcoin", 8883: "MQTT over TLS", 9001: "Tor",
    9030: "Tor", 9050: "Tor (SOCKS)", 9100: "print job", 9418: "Git", 9997: "Splunk", 10051: "Zabbix", 20000: "DNP3",
    27017: "MongoDB", 44818: "EtherNet/IP",
  ]

  private static let udp: [UInt16: String] = [
    67: "DHCP", 68: "DHCP", 69: "TFTP", 123: "NTP", 137: "NetBIOS name service", 138: "NetBIOS datagram", 161: "SNMP",
    162: "SNMP", 319: "PTP", 320: "PTP", 500: "IKE", 514: "syslog", 520: "RIP", 521: "RIPng", 546: "DHCPv6",
    547: "DHCPv6",
    1645: "RADIUS", 1646: "RADIUS", 1701: "L2TP", 1812: "RADIUS", 1813: "RADIUS", 1900: "SSDP", 1985: "HSRP",
    2055: "NetFlow", 2222: "EtherNet/IP", 3544: "Teredo", 3702: "WS-Discovery", 3784: "BFD", 3785: "BFD", 4500: "IPsec",
    4569: "IAX2", 4672: "eDonkey", 4739: "IPFIX", 4789: "VXLAN", 5246: "CAPWAP", 5247: "CAPWAP", 5351: "NAT-PMP",
    5355: "LLMNR", 6081: "Geneve", 6343: "sFlow", 6881: "BitTorrent", 9993: "ZeroTier", 9995: "NetFlow",
    9996: "NetFlow",
    17500: "Dropbox discovery", 27015: "game (Source engine)", 41641: "Tailscale",
  ]
}
