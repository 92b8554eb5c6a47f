import Testing

@testable import LocationReading

@Suite struct ISO6709Tests {
  @Test(arguments: [
    ("+48.2082+016.3738+171.000/", "48.2082", "16.3738", "171.000"),
    ("-33.8568+151.2153/", "-33.8568", "151.2153", nil),
    ("+4812.492+01622.428+171/", "48.2082000", "16.3738000", "171"),
    ("+481229.52+0162225.68/", "48.20820000", "16.37380000", nil),
    ("+40-075CRSWGS_84/", "40", "-75", nil), ("-90+180-12.5/", "-90", "180", "-12.5"), ("+00-000/", "0", "0", nil),
    ("+27.5916+086.5640+8850CRSWGS_84/", "27.5916", "86.5640", "8850"),
    ("+481229-0162225/", "48.208056", "-16.373611", nil),
  ])
  func readsEachForm(text: String, latitude: String, longitude: String, elevation: String?) throws {
    let place = try #require(ISO6709Location(text))
    #expect(place.latitude.text == latitude && place.longitude.text == longitude && place.elevation?.text == elevation)
    #expect(place.isTerminated)
    #expect((place.referenceSystem == "WGS_84") == text.contains("CRS"))
  }

  @Test func takesATextWithoutItsEnd() { #expect(ISO6709Location("+48.2082+016.3738")?.isTerminated == false) }

  @Test(arguments: [
    "", "/", "48.2082+016.3738/", "+48.2082,+016.3738/", "+48.2082+16.3738/", "+048.2082+016.3738/", "+91+000/",
    "+48.2082+016.3738+/", "+48.2082+016.3738//", "+48.2082+016.3738CRS/", "+4860+01600/", "+481260+0160000/",
    "+486000+0160000/", "+48.20.82+016.3738/", "+48.+016/", "+NaN+000/", "+48.2082+016.3738+1e3/", "+90.1+000/",
    "+12345678+012345678/", "+48.2082+180.0001/", " +48.2082+016.3738/", "+48.2082+016.3738/\0",
  ])
  func takesNothingElse(text: String) { #expect(ISO6709Location(text) == nil) }

  @Test func hasALimit() {
    #expect(ISO6709Location("+48.2082+016.3738CRS" + String(repeating: "x", count: 200) + "/") == nil)
  }
}
