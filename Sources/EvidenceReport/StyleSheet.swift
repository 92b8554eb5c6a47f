/// The report's style sheet.
enum StyleSheet {
  static let text = """
    :root { --ink: #1a1f26; --soft: #5a6573; --line: #d5dbe1; --paper: #fff; --tint: #f4f6f8; --blue: #17508a; --red: #a3161b; --amber: #8a5a00; --green: #2b7a4b; }
    * { box-sizing: border-box; }
    html { font: 16px/1.5 "Helvetica Neue", Arial, "Liberation Sans", sans-serif; color: var(--ink); background: var(--paper); }
    body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 3rem; }
    header { border-bottom: 2px solid var(--ink); margin-bottom: 1.5rem; padding-top: 1rem; }
    .case { font-weight: 700; margin: 0 0 .5rem; overflow-wrap: anywhere; }
    nav ul { display: flex; flex-wrap: wrap; gap: .25rem .25rem; list-style: none; margin: 0 0 .75rem; padding: 0; }
    nav a { border: 1px solid var(--line); border-radius: .3rem; display: block; padding: .3rem .6rem; text-decoration: none; }
    nav a[aria-current] { background: var(--ink); border-color: var(--ink); color: #fff; }
    a { color: var(--blue); }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.2rem; line-height: 1.3; margin: 1.8rem 0 .5rem; overflow-wrap: anywhere; }
    h3 { font-size: 1rem; margin: 1rem 0 .2rem; }
    .lead { color: var(--soft); max-width: 48rem; }
    .warning { background: #fdf3e0; border-left: 4px solid var(--amber); padding: .6rem .8rem; }
    .missing { color: var(--red); }
    .inferred { color: var(--amber); }
    .inferred::after { content: " (inferred)"; font-size: .8em; }
    h2 .inferred::after, td .inferred::after { content: ""; }
    .computed { color: var(--soft); font-size: .85em; border: 1px dotted var(--soft); border-radius: .2rem; padding: 0 .25rem; }
    .captured { background: var(--tint); border-radius: .2rem; overflow-wrap: anywhere; padding: 0 .15rem; unicode-bidi: isolate; }
    .mark { color: var(--red); font: .8em monospace; }
    .hint { color: var(--soft); font-size: .85em; }
    .found { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); list-style: none; padding: 0; }
    .found li { background: var(--tint); border-radius: .3rem; padding: .6rem .8rem; }
    .found strong { font-size: 1.4rem; margin-right: .2rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .92rem; width: 100%; }
    th, td { border-bottom: 1px solid var(--line); padding: .4rem .5rem; text-align: left; vertical-align: top; }
    td { overflow-wrap: anywhere; }
    thead th { background: var(--tint); position: sticky; top: 0; }
    .time { min-width: 6.5rem; }
    .parties { min-width: 10rem; }
    .source { font-size: .85rem; min-width: 9rem; }
    .id { font-weight: 700; }
    .number { text-align: right; font-variant-numeric: tabular-nums; }
    code, pre { font: .85em/1.4 "DejaVu Sans Mono", "Liberation Mono", monospace; }
    pre { background: var(--tint); border-radius: .3rem; overflow-x: auto; padding: .6rem .8rem; }
    .hash { overflow-wrap: anywhere; min-width: 14rem; }
    dl { display: grid; gap: .2rem 1rem; grid-template-columns: max-content 1fr; margin: 0; }
    dt { color: var(--soft); }
    dd { margin: 0; overflow-wrap: anywhere; }
    blockquote { border-left: 3px solid var(--line); margin: .3rem 0; padding-left: .6rem; }
    article { border: 1px solid var(--line); border-radius: .4rem; margin: 1rem 0; padding: .2rem 1rem .8rem; }
    article h2 { margin-top: .8rem; }
    figure { margin: .4rem 0; }
    figcaption { font-size: .85rem; }
    audio { max-width: 100%; width: 32rem; }
    .thumbnail { background: var(--tint); border: 1px solid var(--line); max-height: 9rem; max-width: 12rem; }
    .strip { border: 1px solid var(--line); display: block; height: 1.4rem; margin: .3rem 0; width: 100%; }
    .key { display: inline-block; height: .8rem; margin: 0 .2rem 0 .8rem; vertical-align: middle; width: 1.6rem; }
    .bar { display: block; height: .8rem; max-width: 40rem; width: 100%; }
    .received { fill: #7fb08f; }
    .lost { fill: var(--red); }
    .silence { fill: #cfd6dc; }
    .late { fill: #d99a2b; }
    .undecoded { fill: #8f86b8; }
    .whole { fill: #e3e7eb; }
    .legend { font-size: .85rem; }
    .pager { text-align: center; }
    footer { border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; margin-top: 2.5rem; overflow-wrap: anywhere; }
    @media (max-width: 40rem) {
      html { font-size: 15px; }
      dl { grid-template-columns: 1fr; }
      dt { margin-top: .4rem; }
      thead { display: none; }
      tr { border-bottom: 2px solid var(--line); display: block; padding: .4rem 0; }
      td, tfoot th { border: 0; display: block; padding: .1rem 0; }
      .number { text-align: left; }
    }
    @media print { nav, audio { display: none; } body { max-width: none; } article { break-inside: avoid; } }

    """
}
