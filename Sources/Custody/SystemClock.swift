import CKernel
public import EvidenceModel
import Glibc

/// The computer's clock.
public enum SystemClock {
  public static var now: CaptureTime {
    var time = timespec()
    // Safe: the structure is a variable of ours.
    unsafe _ = clock_gettime(CLOCK_REALTIME, &time)
    return CaptureTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// What the kernel says of its clock (ntp_adjtime): whether something keeps it set, and how far off it may be.
  public static var state: Value {
    var maximumError = 0
    // Safe: the number is a variable of ours; nothing is set.
    let isKept = unsafe exhibit_clock_is_kept(&maximumError) == 1
    var fields: Fields = ["source": "system", "synced": .boolean(isKept)]
    if isKept { fields.set("maximumErrorMicroseconds", Int64(maximumError)) }
    return .object(fields)
  }
}
