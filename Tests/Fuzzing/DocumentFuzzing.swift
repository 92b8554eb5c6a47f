import ByteReading
import DocumentReading
import EvidenceModel

/// Reads what a document says of itself, as the form that it begins as, and as each part of an office document.
@Sendable func fuzzDocuments(_ input: RawSpan) {
  let bytes = input.array()
  if let form = DocumentFacts.form(ofHead: Array(bytes.prefix(1_024))) {
    judge(DocumentFacts(reading: input, as: form))
  }
  for (name, part) in DocumentFacts.parts.sorted(by: { $0.key < $1.key }) {
    judge(DocumentFacts(parts: [(name, bytes)], as: part.form))
  }
}

private func judge(_ facts: DocumentFacts) {
  demand(facts.properties.count <= DocumentLimits.properties, "the number of statements keeps to its limit")
  for property in facts.properties {
    demand(property.value.count <= DocumentLimits.valueBytes, "a statement keeps to its limit")
  }
  let summary = DocumentSummary(facts)
  guard let place = summary.place else { return }
  demand(
    abs(Double(place.latitude) ?? 99) <= 90 && abs(Double(place.longitude) ?? 999) <= 180, "a place lies on the globe")
}
