import DNSDecoder
public import DecoderKit
import FTPDecoder
import HTTPDecoder
import IMAPDecoder
import IRCDecoder
import MQTTDecoder
import MSRPDecoder
import MailDecoder
import MultipartDecoder
import POP3Decoder
import RTPDecoder
import RTSPDecoder
import RloginDecoder
import SIPDecoder
import SMBDecoder
import SMTPDecoder
import T38Decoder
import TFTPDecoder
import TNEFDecoder
import TelnetDecoder
import UuencodeDecoder
import XMPPDecoder

/// Every decoder that ships, in the order in which ties are settled; RTP comes last, since it only offers candidates.
public let builtInDecoders: [any EvidenceDecoder.Type] = [
  DNSDecoder.self,
  HTTPDecoder.self,
  SIPDecoder.self,
  SMTPDecoder.self,
  POP3Decoder.self,
  IMAPDecoder.self,
  MailDecoder.self,
  FTPDecoder.self,
  SMBDecoder.self,
  TFTPDecoder.self,
  MultipartDecoder.self,
  TNEFDecoder.self,
  UuencodeDecoder.self,
  IRCDecoder.self,
  MQTTDecoder.self,
  MSRPDecoder.self,
  TelnetDecoder.self,
  RloginDecoder.self,
  T38Decoder.self,
  RTSPDecoder.self,
  XMPPDecoder.self,
  RTPDecoder.self,
]
