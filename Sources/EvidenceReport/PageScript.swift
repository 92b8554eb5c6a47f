/// The report's only script; every page says the same without it.
///
/// It moves a cursor over the strips while audio plays, seeks on a click, filters tables, unfolds details for printing.
enum PageScript {
  static let text = """
    "use strict";
    (function () {
      function connect(call) {
        var line = call.querySelector(".timeline");
        var players = Array.prototype.slice.call(call.querySelectorAll("audio"));
        if (!line || !players.length) { return; }
        var length = Number(line.getAttribute("data-milliseconds")) / 1000;
        if (!(length > 0)) { return; }
        var active = players[0];
        var strips = Array.prototype.slice.call(line.querySelectorAll(".strip"));
        var cursors = strips.map(function (strip) {
          var cursor = document.createElement("div");
          cursor.className = "cursor";
          cursor.hidden = true;
          strip.appendChild(cursor);
          return cursor;
        });
        function show() {
          var share = Math.min(1, active.currentTime / length);
          cursors.forEach(function (cursor) {
            cursor.hidden = false;
            cursor.style.left = (share * 100) + "%";
          });
        }
        players.forEach(function (player) {
          player.addEventListener("play", function () {
            players.forEach(function (other) { if (other !== player) { other.pause(); } });
            active = player;
          });
          player.addEventListener("timeupdate", function () { if (player === active) { show(); } });
        });
        strips.forEach(function (strip) {
          var drawing = strip.querySelector("svg");
          drawing.classList.add("seekable");
          drawing.addEventListener("click", function (event) {
            var box = drawing.getBoundingClientRect();
            var goal = (event.clientX - box.left) / box.width * length;
            function seek() { active.currentTime = goal; show(); }
            if (active.readyState > 0) { seek(); } else {
              active.addEventListener("loadedmetadata", seek, { once: true });
              active.preload = "metadata";
              active.load();
            }
          });
        });
      }
      function filter(table) {
        var rows = Array.prototype.slice.call(table.tBodies[0] ? table.tBodies[0].rows : []);
        if (rows.length < 20) { return; }
        var label = document.createElement("label");
        label.className = "filter";
        label.textContent = "Show only rows of this page that contain ";
        var input = document.createElement("input");
        input.type = "search";
        input.name = "filter";
        input.autocomplete = "off";
        label.appendChild(input);
        var result = document.createElement("span");
        result.setAttribute("role", "status");
        label.appendChild(result);
        table.parentNode.parentNode.insertBefore(label, table.parentNode);
        input.addEventListener("input", function () {
          var wanted = input.value.toLowerCase();
          var shown = 0;
          rows.forEach(function (row) {
            row.hidden = wanted !== "" && row.textContent.toLowerCase().indexOf(wanted) < 0;
            if (!row.hidden) { shown += 1; }
          });
          result.textContent = wanted === "" ? "" : " " + shown + " of " + rows.length;
        });
      }
      Array.prototype.forEach.call(document.querySelectorAll(".call"), connect);
      Array.prototype.forEach.call(document.querySelectorAll("table.records"), filter);
      window.addEventListener("beforeprint", function () {
        Array.prototype.forEach.call(document.querySelectorAll("details:not(.long)"), function (details) { details.open = true; });
      });
    })();

    """
}
