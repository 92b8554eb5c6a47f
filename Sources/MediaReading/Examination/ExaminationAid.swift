/// The aids of examination, each with the method by which it is computed.
public enum ExaminationAid: String, CaseIterable, Sendable {
  case waveform, loudness, clipping, silence, channels, spectrogram, bandwidth, speech, fingerprint

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
    case .spectrogram:
      "Fourier transform in 32-bit integers by libavutil without special instructions, samples at 19 bits; frames of 1,024 "
        + "samples (512 up to 16 kHz), Hann window, half overlapping; columns of equal duration, at most 2,000, each the mean "
        + "power of its frames and of all channels; rows of equal frequency steps from 0 to half the rate; grey in equal steps "
        + "from -100 dB (black) to 0 dB (white: a sine at full scale)"
    case .bandwidth:
      "mean of the spectrogram's columns, each frequency with its two neighbours; an abrupt end is where, from 2,000 Hz to 0.8 "
        + "of half the rate, the mean level of the eighth below (with no peak of 20 dB in it) is at least 20 dB, and the most, "
        + "above every level from a sixteenth above on; the highest frequency is the last that is less than 20 dB below that "
        + "mean, and without an abrupt end the last above -96 dB"
    case .speech:
      "detector of our own in integers: means of samples at about 16 kHz, 300 to 3,400 Hz by two filters of second order, power "
        + "of frames of 20 ms; a frame is active above -65 dB and 9 dB above its floor, the lowest mean of three frames from 3 s "
        + "before to 1 s behind; it is speech when of the active frames within 240 ms on each side, at least 5, two of five or "
        + "more change by 1.5 dB from an active one; pauses up to 300 ms are joined, parts below 200 ms dropped, 100 ms added on "
        + "each side"
    case .fingerprint:
      "Chromaprint, algorithm TEST2, of the whole recording (at most 7 days) in one channel at 11,025 Hz, as fpcalc -length 0 "
        + "computes it; libavcodec's and libswresample's code without special instructions"
    }
  }
}
