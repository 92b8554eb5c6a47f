/// The aids of examination, each with the method by which it is computed.
public enum ExaminationAid: String, CaseIterable, Sendable {
  case waveform, loudness, clipping, silence, channels

  /// The method and its parameters, for records and the report.
  public var method: String {
    switch self {
    case .waveform:
      "1,000 equal parts a channel; in each the largest sample and the root of the mean square, at 16 bits; computed in integers"
    case .loudness:
      "ITU-R BS.1770-4 and EBU R 128 by libebur128: gates -70 LUFS and -10 LU; range by EBU Tech 3342; momentary 400 ms and "
        + "short-term 3 s, largest of steps of 100 ms; true peak by 4-fold interpolation (2-fold from 96 kHz, none from 192 "
        + "kHz); recordings above 12 hours by histogram in steps of 0.1 LU; channels in the order left, right, centre, low "
        + "frequency (not counted), left surround, right surround; 4: without centre and low frequency; 5: without low "
        + "frequency; channels 7 and 8 are not counted; one channel counts once"
    case .clipping:
      "runs of at least 3 samples of one sign at full scale: 2^(bits-1)-1, or -2^(bits-1)+1 and below"
    case .silence:
      "runs of at least 1 second of samples that are exactly 0, on each channel and on all; of one other value, on each channel"
    case .channels: "samples of the channels compared one by one; mean and root of the mean square of all samples"
    }
  }
}
