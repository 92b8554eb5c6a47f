import CallAssembly
import DecoderHosting
import EvidenceModel

/// What the signalling of a call becomes as fields of its record.
extension RenderStage {
  static func fields(_ call: PlannedCall) -> Fields {
    var fields = Fields()
    for (name, text) in [
      ("callID", call.callID), ("caller", call.caller), ("callerName", call.callerName), ("called", call.called),
      ("calledName", call.calledName), ("reason", call.reason), ("replaces", call.replaces),
      ("replacedBy", call.replacedBy), ("referredBy", call.referredBy),
    ] where !text.isEmpty { fields.set(name, text) }
    for (name, time) in [
      ("invitedAt", call.invitedAt), ("ringingAt", call.ringingAt), ("earlyMediaAt", call.earlyMediaAt),
      ("answeredAt", call.answeredAt), ("hungUpAt", call.endedAt),
    ] {
      if let time { fields.set(name, time) }
    }
    fields.set("outcome", call.outcome.rawValue)
    if let party = call.endedBy { fields.set("endedBy", party.rawValue) }
    if call.statusCode > 0 { fields.set("status", call.statusCode) }
    if call.branches > 1 {
      fields.set("branches", call.branches)
      fields.set("dialogs", .list(call.dialogs.map(value)))
    }
    if let party = call.focus { fields.set("conferenceFocus", party.rawValue) }
    if !call.holds.isEmpty { fields.set("holds", .list(call.holds.map(value))) }
    if !call.steps.isEmpty { fields.set("steps", .list(call.steps.map(value))) }
    if call.omittedSteps > 0 { fields.set("stepsOmitted", call.omittedSteps) }
    if let answered = call.answeredAt, let ended = call.endedAt, ended >= answered {
      fields.set("duration", Self.seconds(ended.nanoseconds(since: answered) / 1_000_000))
    }
    return fields
  }

  private static func value(_ dialog: PlannedCall.Dialog) -> Value {
    var fields: Fields = ["tag": .text(dialog.tag)]
    for (name, time) in [
      ("ringingAt", dialog.ringingAt), ("earlyMediaAt", dialog.earlyMediaAt), ("answeredAt", dialog.answeredAt),
      ("hungUpAt", dialog.endedAt),
    ] {
      if let time { fields.set(name, time) }
    }
    return .object(fields)
  }

  private static func value(_ hold: PlannedCall.Hold) -> Value {
    var fields: Fields = ["party": .text(hold.party.rawValue)]
    if let time = hold.heldAt { fields.set("heldAt", time) }
    if let time = hold.resumedAt { fields.set("resumedAt", time) }
    return .object(fields)
  }

  private static func value(_ step: CallStep) -> Value {
    var fields: Fields = ["step": .text(step.kind.rawValue), "party": .text(step.party.rawValue)]
    for (name, text) in [
      ("tag", step.tag), ("reason", step.reason), ("transferTarget", step.target), ("replaces", step.replaces),
    ] where !text.isEmpty { fields.set(name, text) }
    if step.statusCode > 0 { fields.set("status", step.statusCode) }
    fields.place(step.trace)
    return .object(fields)
  }
}
