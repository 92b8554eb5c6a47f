/// The report's only style sheet.
enum Stylesheet {
  static let text = """
    :root{--ink:#1b2228;--soft:#515c66;--line:#c9d1d8;--ground:#fff;--tint:#f3f5f7;--accent:#124a76}
    *{box-sizing:border-box}
    html{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;color:var(--ink);background:var(--ground);-webkit-text-size-adjust:100%}
    body{margin:0}
    main,header.top,footer{max-width:82rem;margin:0 auto;padding:0 1.25rem}
    a{color:var(--accent)}
    a:focus-visible,summary:focus-visible,pre:focus-visible,input:focus-visible,audio:focus-visible,video:focus-visible,.strip svg:focus-visible{outline:3px solid #d97a00;outline-offset:2px}
    .skip{position:absolute;left:-100rem}
    .skip:focus{left:1rem;top:.5rem;background:#fff;padding:.5rem 1rem;border:2px solid var(--accent);z-index:2}
    header.top{border-bottom:3px solid var(--accent);padding-top:1rem}
    .case{margin:0 0 .6rem;font-weight:600;color:var(--soft);overflow-wrap:anywhere}
    header nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.15rem .25rem}
    header nav a{display:inline-block;padding:.35rem .65rem;text-decoration:none;border-radius:.3rem .3rem 0 0}
    header nav a:hover{background:var(--tint)}
    header nav a[aria-current]{background:var(--accent);color:#fff}
    .count{font-size:.8em;opacity:.85}
    h1{font-size:1.9rem;line-height:1.2;margin:1.6rem 0 .8rem}
    h2{font-size:1.25rem;line-height:1.3;margin:2rem 0 .6rem}
    h3{font-size:1.05rem;margin:1.4rem 0 .4rem}
    p{margin:.5rem 0;max-width:60rem}
    .lead{font-size:1.2rem}
    .note{font-size:.86rem;color:var(--soft);margin:.15rem 0}
    .none{color:var(--soft)}
    .nothing,.remark{border-left:4px solid #6b7680;background:var(--tint);padding:.6rem .9rem}
    .fault{border-left:4px solid #b3141e;background:#fdf0f0;padding:.5rem .8rem}
    .captured{overflow-wrap:anywhere;white-space:pre-wrap}
    .esc{font:600 .78em/1 ui-monospace,Menlo,Consolas,monospace;background:#ffe3a3;color:#5a3600;border:1px solid #b98512;border-radius:.2rem;padding:0 .15em;white-space:nowrap}
    code,pre{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
    code{overflow-wrap:anywhere}
    .hash{font-size:.78rem;word-break:break-all}
    pre{background:var(--tint);border:1px solid var(--line);padding:.7rem .9rem;overflow-x:auto;border-radius:.3rem}
    time{white-space:nowrap}
    .mark,.weight,.flag{display:inline-block;font-size:.72rem;line-height:1.35;font-weight:600;padding:0 .4em;border-radius:.25rem;border:1.5px solid;white-space:nowrap;vertical-align:.08em}
    .mark-captured{color:#124a76;background:#eaf3fa;border-color:#124a76}
    .mark-computed{color:#3b4650;background:#fff;border-color:#76828c}
    .mark-inferred{color:#6f4300;background:#fff4d9;border-color:#a86a00;border-style:dashed}
    .mark-missing{color:#96101a;background:#fff;border-color:#b3141e;border-style:dotted}
    .absent{color:#96101a}
    .weight-error{color:#fff;background:#a3121c;border-color:#a3121c}
    .weight-warning{color:#5a3600;background:#ffe3a3;border-color:#b98512}
    .weight-notice{color:#3b4650;background:#fff;border-color:#76828c}
    .flag{color:#96101a;border-color:#b3141e;background:#fff;font-size:.8rem}
    .tiles{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.8rem}
    .tiles li{border:1px solid var(--line);border-radius:.4rem;padding:.7rem .9rem;background:var(--tint)}
    .tiles strong{font-size:1.6rem;display:block;line-height:1.2}
    .statements{padding-left:1.2rem}
    .statements li{margin:.35rem 0;max-width:60rem}
    .scroll{overflow-x:auto;margin:.8rem 0}
    table.records{border-collapse:collapse;width:100%;font-size:.92rem}
    caption{text-align:left;color:var(--soft);font-size:.86rem;padding:.2rem 0}
    th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid var(--line)}
    th{background:var(--tint);border-bottom:2px solid #8d99a3;font-weight:600}
    td{min-width:4.5rem}
    td.identifier,.identifier a{white-space:nowrap}
    .ends{display:block;min-width:9.5rem}
    .ends .captured{overflow-wrap:break-word}
    .role{display:block;min-width:5.5rem}
    td details.where{min-width:8.5rem}
    td p{margin:.15rem 0}
    td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
    tr:target,section:target{background:#fff8e0}
    tr.gap td{background:#fdf0f0}
    tr.gap td:first-child{box-shadow:inset 4px 0 #b3141e}
    tr.sum td{font-weight:600;border-top:2px solid #8d99a3}
    dl.facts{display:grid;grid-template-columns:minmax(9rem,max-content) minmax(0,1fr);gap:.25rem 1rem;margin:.6rem 0}
    dl.facts dt{color:var(--soft)}
    dl.facts dd{margin:0;overflow-wrap:anywhere}
    td dl.facts{grid-template-columns:minmax(0,max-content) minmax(0,1fr);font-size:.86rem;gap:.1rem .7rem;margin:.3rem 0}
    td dl.facts dt{overflow-wrap:anywhere}
    ul.members{margin:0;padding-left:1.1rem}
    .name{color:var(--soft)}
    details>summary{cursor:pointer;color:var(--accent)}
    details.long>.captured{display:block;max-height:24rem;overflow:auto;border:1px solid var(--line);padding:.4rem;background:#fff}
    details.where summary{font-size:.86rem}
    .packets{overflow-wrap:anywhere}
    .call,.entry{border:1px solid var(--line);border-radius:.5rem;padding:.2rem 1.1rem 1rem;margin:1.4rem 0}
    .entry{padding:.2rem 1rem .6rem;margin:.7rem 0}
    .call h2,.entry h2{margin-top:1rem}
    .letter{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--line);padding:.2rem .9rem;margin:.5rem 0}
    .players{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:.6rem 1.2rem}
    .player audio{width:100%;display:block}
    .player video{max-width:100%;height:auto;display:block;background:#000}
    .playername{font-weight:600;margin:.2rem 0}
    .file{font-size:.72rem;color:var(--soft);margin:.2rem 0}
    .strip{margin:1rem 0 .3rem;position:relative}
    .strip svg,.bar{display:block;border:1px solid #5b6670;background:#fff}
    .strip svg.seekable{cursor:pointer}
    .scale{display:block;font-size:12px;overflow:visible}
    .cursor{position:absolute;bottom:0;width:2px;height:32px;background:#000;pointer-events:none}
    .kinds{list-style:none;padding:0;margin:.5rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;font-size:.88rem}
    .kinds svg{border:1px solid #5b6670;vertical-align:-.2em}
    .patterns{position:absolute}
    .bar{margin:.5rem 0}
    .inferred{background:#fff4d9;border:1px dashed #a86a00;padding:.2rem .4rem;border-radius:.25rem}
    .thumbnail{max-width:11rem;max-height:9rem;min-width:2rem;height:auto;border:1px solid var(--line);background:#fff;image-rendering:auto}
    .paging{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.8rem 0;align-items:baseline}
    .filter{display:block;margin:.8rem 0}
    .filter input{font:inherit;padding:.35rem .5rem;border:1px solid #6b7680;border-radius:.3rem;width:min(24rem,100%)}
    main:has(.fold input:checked) tr.known{display:none}
    footer{margin-top:3rem;border-top:1px solid var(--line);padding-bottom:2rem;font-size:.86rem;color:var(--soft)}
    footer h2{font-size:1rem}
    .legend{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem .8rem;margin:.4rem 0}
    .legend dd{margin:0}
    .paper{max-width:52rem}
    .draft{border:2px solid #b98512;background:#fff4d9;padding:.6rem .9rem}
    .paper .statements li{margin:.2rem 0}
    .blank{margin:.9rem 0;max-width:44rem}
    .blanktitle{display:block;font-size:.86rem;color:var(--soft)}
    .line{display:block;height:2rem;border-bottom:1px solid var(--ink)}
    .tick{margin:.7rem 0;padding-left:1.5rem;text-indent:-1.5rem}
    .command{background:var(--tint);border:1px solid var(--line);padding:.35rem .6rem;overflow-wrap:anywhere}
    .command .captured{display:inline-block;max-width:100%}
    @media (max-width:46rem){
    html{font-size:15px}
    main,header.top,footer{padding-left:.8rem;padding-right:.8rem}
    h1{font-size:1.5rem}
    header nav a{padding:.3rem .5rem}
    table.records,table.records tbody,table.records tr,table.records td,table.records caption{display:block;width:100%}
    table.records thead{position:absolute;left:-100rem}
    table.records tr{border:1px solid var(--line);border-radius:.4rem;padding:.3rem .6rem;margin:.6rem 0}
    table.records td{border:0;border-bottom:1px dotted var(--line);padding:.3rem 0;min-width:0}
    table.records td:last-child{border-bottom:0}
    table.records td::before{content:attr(data-column);display:block;font-size:.78rem;font-weight:600;color:var(--soft)}
    td.number{text-align:left}
    .ends,td details.where{min-width:0}
    .ends .captured{overflow-wrap:anywhere}
    dl.facts{grid-template-columns:minmax(0,1fr);gap:0}
    dl.facts dd{margin-bottom:.4rem}
    .call{padding:.1rem .7rem .7rem}
    }
    @page{margin:18mm 16mm}
    @media print{
    html{font-size:10.5pt}
    h2,h3,caption,.blanktitle{break-after:avoid}
    .blank,.tick,.draft,.whole,.command,.statements li,dl.facts dd{break-inside:avoid}
    p,li{orphans:3;widows:3}
    .paper{max-width:none}
    .annex{break-before:page}
    .annex table.records{font-size:7.5pt}
    .annex td{padding:.06rem .3rem}
    .annex .hash{font-size:6pt;white-space:nowrap}
    .paper td{min-width:0}
    time{white-space:normal}
    main:has(.fold input:checked) tr.known{display:table-row}
    header nav,.skip,.paging,.filter,.fold,.players audio,.player video,.cursor{display:none}
    main,header.top,footer{max-width:none;padding:0}
    .scroll,details.long>.captured{overflow:visible;max-height:none}
    details:not(.long)::details-content{content-visibility:visible;height:auto;display:block}
    tr,.call h2,.strip,.entry{break-inside:avoid}
    tr:has(dl){break-inside:auto}
    thead{display:table-header-group}
    .strip svg,.bar,.kinds svg,.mark,.weight,th,tr.gap td{-webkit-print-color-adjust:exact;print-color-adjust:exact}
    a{color:inherit;text-decoration:none}
    }

    """
}
