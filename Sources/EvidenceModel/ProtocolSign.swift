/// What the first bytes of a conversation look like that no decoder took: a guess, never a claim.
public enum ProtocolSign: String, Hashable, Sendable, CaseIterable {
  case tlsClientHello
  case tlsServerHello
  case tlsRecord
  case ssl2Hello
  case ssh
  case smtp
  case ftp
  case mailOrFile
  case pop3
  case imap
  case nntp
  case http2
  case http
  case ssdp
  case rtsp
  case sip
  case msrp
  case mgcp
  case xmpp
  case irc
  case git
  case rsync
  case vnc
  case gnutella
  case telnet
  case printJob
  case smb
  case netbiosSession
  case rdp
  case h323
  case dceRPC
  case sunRPC
  case ldap
  case kerberos
  case mysql
  case postgreSQL
  case microsoftSQL
  case oracle
  case mongoDB
  case redis
  case amqp
  case mqtt
  case socks
  case bgp
  case x11
  case bitTorrent
  case eDonkey
  case diameter
  case skinny
  case iec104
  case modbus
  case s7
  case openVPN
  case dtls
  case stun
  case quic
  case radius
  case snmp
  case ntp
  case dhcp
  case dhcp6
  case tftp
  case wireGuard
  case ike
  case espInUDP
  case syslog
  case netbiosName
  case netbiosDatagram
  case rip
  case iax2
  case gtp
  case netFlow
  case sFlow
  case coap
  case sourceEngine
  case rtps

  /// The protocol that has such bytes.
  public var protocolName: String { words.name }
  /// Why it is guessed.
  public var evidence: String { words.evidence }

  private var words: (name: String, evidence: String) {
    switch self {
    case .tlsClientHello: ("TLS", "the first bytes are those of a TLS client hello")
    case .tlsServerHello: ("TLS", "the first bytes are those of a TLS server hello")
    case .tlsRecord: ("TLS", "the first bytes are those of a TLS record (the beginning is not in the capture)")
    case .ssl2Hello: ("SSL", "the first bytes are those of an SSL 2 client hello")
    case .ssh: ("SSH", "the first bytes are an SSH version line")
    case .smtp: ("SMTP", "the first line is an SMTP greeting or command")
    case .ftp: ("FTP", "the first line is an FTP greeting or command")
    case .mailOrFile: ("SMTP or FTP", "the first line is a greeting with code 220")
    case .pop3: ("POP3", "the first line is a POP3 greeting or command")
    case .imap: ("IMAP", "the first line is an IMAP greeting or command")
    case .nntp: ("NNTP", "the first line is an NNTP greeting, and the port is NNTP's")
    case .http2: ("HTTP/2", "the first bytes are HTTP/2's preface")
    case .http: ("HTTP", "the first line is written as HTTP has it")
    case .ssdp: ("SSDP", "the first line is SSDP's")
    case .rtsp: ("RTSP", "the first line is written as RTSP has it")
    case .sip: ("SIP", "the first line is written as SIP has it")
    case .msrp: ("MSRP", "the first line is written as MSRP has it")
    case .mgcp: ("MGCP", "the first line is written as MGCP has it")
    case .xmpp: ("XMPP", "the first bytes open an XMPP stream")
    case .irc: ("IRC", "the first line is an IRC command")
    case .git: ("Git", "the first bytes are a Git request")
    case .rsync: ("rsync", "the first line is rsync's greeting")
    case .vnc: ("VNC", "the first line is VNC's greeting")
    case .gnutella: ("Gnutella", "the first line is Gnutella's")
    case .telnet: ("Telnet", "the first bytes are Telnet options")
    case .printJob: ("print job", "the first bytes open a print job (PJL)")
    case .smb: ("SMB", "the first bytes are those of an SMB message")
    case .netbiosSession: ("NetBIOS session", "the first bytes are a NetBIOS session request")
    case .rdp: ("RDP", "the first bytes are an X.224 connection, as remote desktops and ISO services open it")
    case .h323: ("H.323", "the first bytes are a call set-up (Q.931 in TPKT)")
    case .dceRPC: ("DCE/RPC", "the first bytes are those of a DCE/RPC message")
    case .sunRPC: ("Sun RPC", "the first bytes are those of a Sun RPC message")
    case .ldap: ("LDAP", "the first bytes are those of an LDAP message")
    case .kerberos: ("Kerberos", "the first bytes are those of a Kerberos message")
    case .mysql: ("MySQL", "the first bytes are MySQL's greeting")
    case .postgreSQL: ("PostgreSQL", "the first bytes open a PostgreSQL session")
    case .microsoftSQL: ("Microsoft SQL", "the first bytes are those of a TDS message, and the port is Microsoft SQL's")
    case .oracle: ("Oracle", "the first bytes are those of a TNS message, and the port is Oracle's")
    case .mongoDB: ("MongoDB", "the first bytes are those of a MongoDB message")
    case .redis: ("Redis", "the first bytes are a Redis command")
    case .amqp: ("AMQP", "the first bytes are AMQP's preface")
    case .mqtt: ("MQTT", "the first bytes open an MQTT session")
    case .socks: ("SOCKS", "the first bytes are a SOCKS request")
    case .bgp: ("BGP", "the first bytes are BGP's marker")
    case .x11: ("X11", "the first bytes open an X11 session")
    case .bitTorrent: ("BitTorrent", "the first bytes are BitTorrent's")
    case .eDonkey: ("eDonkey", "the first bytes are those of an eDonkey message")
    case .diameter: ("Diameter", "the first bytes are those of a Diameter message")
    case .skinny: ("Skinny (SCCP)", "the first bytes are those of a Skinny message, and the port is Skinny's")
    case .iec104: ("IEC 60870-5-104", "the first bytes are those of an IEC 104 frame, and the port is its own")
    case .modbus: ("Modbus", "the first bytes are those of a Modbus message, and the port is Modbus's")
    case .s7: ("S7", "the first bytes are those of an S7 message")
    case .openVPN: ("OpenVPN", "the first bytes open an OpenVPN session")
    case .dtls: ("DTLS", "the first bytes are those of a DTLS record")
    case .stun: ("STUN or TURN", "the first bytes are a STUN header with its magic cookie")
    case .quic: ("QUIC", "the first bytes are a QUIC long header")
    case .radius: ("RADIUS", "the first bytes are those of a RADIUS message, and the port is RADIUS's")
    case .snmp: ("SNMP", "the first bytes are those of an SNMP message")
    case .ntp: ("NTP", "the first bytes are those of an NTP message, and the port is NTP's")
    case .dhcp: ("DHCP", "the first bytes are those of a DHCP message")
    case .dhcp6: ("DHCPv6", "the first bytes are those of a DHCPv6 message, and the port is DHCPv6's")
    case .tftp: ("TFTP", "the first bytes are those of a TFTP request")
    case .wireGuard: ("WireGuard", "the first bytes are those of a WireGuard message")
    case .ike: ("IKE", "the first bytes are an IKE header with its length")
    case .espInUDP: ("ESP in UDP", "the first bytes are a security association's number, and the port is IPsec's")
    case .syslog: ("syslog", "the first bytes are a syslog priority")
    case .netbiosName:
      (
        "NetBIOS name service",
        "the first bytes are those of a NetBIOS name message, and the port is its own"
      )
    case .netbiosDatagram:
      (
        "NetBIOS datagram",
        "the first bytes are those of a NetBIOS datagram, and the port is its own"
      )
    case .rip: ("RIP", "the first bytes are those of a RIP message, and the port is RIP's")
    case .iax2: ("IAX2", "the first bytes are those of an IAX2 frame, and the port is IAX2's")
    case .gtp: ("GTP", "the first bytes are those of a GTP message, and the port is GTP's")
    case .netFlow: ("NetFlow or IPFIX", "the first bytes are those of a NetFlow export, and the port is a usual one")
    case .sFlow: ("sFlow", "the first bytes are those of an sFlow export, and the port is sFlow's")
    case .coap: ("CoAP", "the first bytes are those of a CoAP message, and the port is CoAP's")
    case .sourceEngine: ("game query (Source engine)", "the first bytes are those of a Source engine query")
    case .rtps: ("DDS (RTPS)", "the first bytes are RTPS's")
    }
  }
}
