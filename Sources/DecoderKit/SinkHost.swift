package import ByteReading
package import EvidenceModel

/// What stands behind a sink: the worker in a run, a recorder in a test.
package protocol SinkHost: AnyObject {
  var carrier: DecodingContext.Carrier { get }
  var isBroken: Bool { get }
  func trace(of range: Range<Int>?) -> Trace
  func emit(_ kind: StaticString, _ fields: Fields, from side: Side, trace: Trace) throws(ReadError)
  func note(_ finding: Finding, from side: Side, trace: Trace)
  func open(_ content: ContentDescription, from side: Side) throws(ReadError) -> ContentHandle
  func append(_ bytes: RawSpan, to handle: ContentHandle)
  func append(_ bytes: RawSpan, to handle: ContentHandle, from trace: Trace)
  func name(_ handle: ContentHandle, _ name: [UInt8])
  func skip(_ byteCount: Int, in handle: ContentHandle)
  func close(_ handle: ContentHandle, isWhole: Bool) -> ContentReference?
  func expect(_ conversation: ExpectedConversation, for purpose: AnyObject) -> Bool
  func expand(_ compression: StreamCompression, from side: Side)
  func signal(_ signal: CallSignal)
  func report(_ report: MediaReport)
  func openStream(_ identifier: UInt32, from side: Side, channel: UInt8?) -> StreamHandle
  func index(_ packet: MediaPacketHeader, payload: Range<Int>, in stream: StreamHandle)
  func index(_ packet: MediaPacketHeader, whole: RawSpan, payload: Range<Int>, in stream: StreamHandle)
  func closeStream(_ stream: StreamHandle, verdict: MediaStream.Verdict, evidence: String)
}
