// The page of rill: library, player, status. No framework, and nothing that a television of 2015 does not know: ES5,
// XMLHttpRequest, EventSource.
//
// It is a control point like any other: it browses and searches by SOAP, and what it shows is what televisions are
// shown. Where somebody stopped is kept by the same actions. Texts of files and strangers become textContent, never markup.
(function () {
"use strict";

var doc = document, win = window;
var CONTENT = "/control/ContentDirectory";
var SERVICE = "urn:schemas-upnp-org:service:ContentDirectory:1";
// Objects asked for at once, and the most that one queue holds.
var PAGE = 60, MOST = 500;
// Music shorter than this starts anew each time, seconds.
var LONG_SOUND = 900;
// Positions are kept this often while something plays, seconds.
var KEEP_EVERY = 15;

// ---- elements and texts ----------------------------------------------------------------------------------------

function $(id) { return doc.getElementById(id); }

function make(tag, name, text) {
    var element = doc.createElement(tag);
    if (name) { element.className = name; }
    if (text !== undefined && text !== null) { element.textContent = text; }
    return element;
}

function add(parent) {
    for (var i = 1; i < arguments.length; i++) {
        if (arguments[i]) { parent.appendChild(arguments[i]); }
    }
    return parent;
}

function clear(element) {
    while (element.firstChild) { element.removeChild(element.firstChild); }
    return element;
}

function show(element, shown) { element.hidden = !shown; }

var ICONS = {
    play: "M7 4.5v15L19.5 12z",
    pause: "M6 5h4v14H6zM14 5h4v14h-4z",
    previous: "M6 5h2.5v14H6zM19 5v14l-9.5-7z",
    next: "M15.5 5H18v14h-2.5zM5 5l9.5 7L5 19z",
    close: "M6.4 5 5 6.4l5.6 5.6L5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6L19 6.4 17.6 5 12 10.6z",
    left: "M15.5 4.5 17 6l-6 6 6 6-1.5 1.5L8 12z",
    right: "M8.5 4.5 7 6l6 6-6 6 1.5 1.5L16 12z",
    sound: "M4 9v6h4l5 4.5v-15L8 9zM15.5 8a4.6 4.6 0 0 1 0 8z",
    muted: "M4 9v6h4l5 4.5v-15L8 9zM15.5 9.5l1.2-1.2 1.8 1.9 1.9-1.9 1.1 1.2-1.9 1.8 1.9 1.9-1.1 1.2-1.9-1.9-1.8 1.9-1.2-1.2 1.9-1.9z",
    full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
    captions: "M3 5h18v14H3zM5 7v10h14V7zM7 12.5h4.5v2H7zM13 12.5h4v2h-4z",
    queue: "M4 6h16v2H4zM4 11h16v2H4zM4 16h10v2H4z",
    more: "M10.2 6a1.8 1.8 0 1 0 3.6 0 1.8 1.8 0 1 0-3.6 0zM10.2 12a1.8 1.8 0 1 0 3.6 0 1.8 1.8 0 1 0-3.6 0zM10.2 18a1.8 1.8 0 1 0 3.6 0 1.8 1.8 0 1 0-3.6 0z",
    folder: "M3 6a1.5 1.5 0 0 1 1.5-1.5h5l2 2.5h8A1.5 1.5 0 0 1 21 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5z",
    music: "M9 5l11-2v13.3a3 2.5 0 1 1-2-2.3V7.5L11 8.8v9.5A3 2.5 0 1 1 9 16z",
    film: "M3 5h18v14H3zM5 7v2h2V7zM5 11v2h2v-2zM5 15v2h2v-2zM17 7v2h2V7zM17 11v2h2v-2zM17 15v2h2v-2z",
    photo: "M3 5h18v14H3zM5 7v8.5l4-4.5 3.5 4 2.5-2.5 4 4V7zM15.5 8.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
    disc: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
    person: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20c0-4 3.5-6.5 7.5-6.5s7.5 2.5 7.5 6.5z",
    clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM11 7h2v4.6l3.2 1.9-1 1.7-4.2-2.4z",
    calendar: "M4 5h3V3h2v2h6V3h2v2h3v15H4zM6 10v8h12v-8z",
    tag: "M3 4h8l10 10-7.5 7.5L3 12zM7 6.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
    search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM10.5 6a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM15 16.4l1.4-1.4 4.6 4.6-1.4 1.4z",
    check: "M9.5 17.5 4 12l1.5-1.5 4 4 9-9L20 7z",
    stream: "M11 12h2v8h-2zM12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM5.6 4 7 5.4a6.5 6.5 0 0 0 0 9.2L5.6 16a8.5 8.5 0 0 1 0-12zM18.4 4 17 5.4a6.5 6.5 0 0 1 0 9.2l1.4 1.4a8.5 8.5 0 0 0 0-12z"
};

function icon(name) {
    var svg = doc.createElementNS("http://www.w3.org/2000/svg", "svg");
    var path = doc.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    path.setAttribute("fill-rule", "evenodd");
    svg.appendChild(path);
    return svg;
}

function label(element, text) {
    element.setAttribute("aria-label", text);
    if (element.tagName === "BUTTON") { element.title = text; }
    return element;
}

function button(name, text, act) {
    var made = make("button", "action");
    if (name) { made.appendChild(icon(name)); }
    made.appendChild(make("span", "", text));
    made.onclick = act;
    return made;
}

var texts = {}, column = 0, language = "en";

function t(name, a, b) {
    var row = texts[name] || [name];
    return (row[column] || row[0]).replace("{0}", a).replace("{1}", b);
}

// What the server says in English about files and problems, in the language of the page where that is known.
var FORMS = [["malformed", /^malformed (.+)$/], ["silent", /^no (.+) in it$/], ["unread", /^cannot be read: (.+)$/]];

function said(kind, text) {
    for (var i = 0; i < FORMS.length; i++) {
        var found = FORMS[i][1].exec(text);
        if (found) { return t(FORMS[i][0], found[1]); }
    }
    return texts[kind + text] ? t(kind + text) : text;
}

function chooseLanguage() {
    var wanted = win.navigator.languages || [win.navigator.language || "en"];
    for (var i = 0; i < wanted.length; i++) {
        var at = texts.languages.indexOf(String(wanted[i]).slice(0, 2).toLowerCase());
        if (at >= 0) { column = at; break; }
    }
    language = texts.languages[column];
    doc.documentElement.lang = language;
}

function writeTexts() {
    var all = doc.querySelectorAll("[data-text],[data-label],[data-icon]");
    for (var i = 0; i < all.length; i++) {
        var data = all[i].dataset;
        if (data.text) { all[i].textContent = t(data.text); }
        if (data.icon) { all[i].insertBefore(icon(data.icon), all[i].firstChild); }
        if (data.label) { label(all[i], t(data.label)); }
    }
    $("query").placeholder = t("search");
}

function setIcon(element, name, text) {
    element.replaceChild(icon(name), element.querySelector("svg"));
    label(element, t(text));
}

function clock(secs) {
    secs = Math.max(0, Math.floor(secs || 0));
    var h = Math.floor(secs / 3600), m = Math.floor(secs / 60) % 60, s = secs % 60;
    return (h ? h + ":" + (m < 10 ? "0" : "") : "") + m + ":" + (s < 10 ? "0" : "") + s;
}

function number(n) { return Number(n).toLocaleString ? Number(n).toLocaleString(language) : String(n); }

function bytes(n) {
    var units = ["B", "KB", "MB", "GB", "TB"], i = 0;
    while (n >= 1000 && i < 4) { n /= 1000; i++; }
    return number(Math.round(n * (n < 10 && i ? 10 : 1)) / (n < 10 && i ? 10 : 1)) + "\u00a0" + units[i];
}

var toastTimer = 0;

function toast(text, action, act) {
    var box = clear($("toast"));
    add(box, make("span", "", text));
    if (action) {
        add(box, button(null, action, function () { show(box, false); act(); }));
    }
    show(box, true);
    win.clearTimeout(toastTimer);
    toastTimer = win.setTimeout(function () { show(box, false); }, action ? 8000 : 4000);
}

// ---- asking the server -------------------------------------------------------------------------------------------

function request(method, url, body, headers, done) {
    var xhr = new XMLHttpRequest();
    xhr.open(method, url, true);
    for (var name in headers) { xhr.setRequestHeader(name, headers[name]); }
    xhr.onload = function () { done(xhr); };
    xhr.onerror = xhr.ontimeout = function () { done(null); };
    xhr.timeout = 30000;
    xhr.send(body);
    return xhr;
}

function escaped(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;")
        // What XML cannot carry.
        .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, " ");
}

function envelope(action, names) {
    var inside = "";
    for (var name in names) { inside += "<" + name + ">" + escaped(names[name]) + "</" + name + ">"; }
    return '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:' + action + ' xmlns:u="' + SERVICE + '">' +
        inside + "</u:" + action + "></s:Body></s:Envelope>";
}

// done(answer), done(null) where the server does not answer, done(false) where it says no.
function call(action, names, done) {
    var headers = { "Content-Type": "text/xml; charset=\"utf-8\"", "SOAPAction": "\"" + SERVICE + "#" + action + "\"" };
    return request("POST", CONTENT, envelope(action, names), headers, function (xhr) {
        if (!done) { return; }
        if (!xhr || xhr.status === 503) { done(null); } else { done(xhr.status === 200 && xhr.responseXML || false); }
    });
}

function inner(parent, name) {
    var found = parent.getElementsByTagName(name)[0];
    return found ? found.textContent : "";
}

// done({ list, total }), or null or false as above.
function listing(action, names, done) {
    return call(action, names, function (answer) {
        if (!answer) { return done(answer); }
        var didl = new DOMParser().parseFromString(inner(answer, "Result"), "text/xml").documentElement;
        var list = [];
        for (var node = didl.firstChild; node; node = node.nextSibling) {
            if (node.nodeType === 1) { list.push(object(node)); }
        }
        done({ list: list, total: Number(inner(answer, "TotalMatches")) || 0 });
    });
}

function browse(id, from, count, done) {
    return listing("Browse", {
        ObjectID: id, BrowseFlag: "BrowseDirectChildren", Filter: "*", StartingIndex: from, RequestedCount: count, SortCriteria: ""
    }, done);
}

function metadata(id, done) {
    return listing("Browse", {
        ObjectID: id, BrowseFlag: "BrowseMetadata", Filter: "*", StartingIndex: 0, RequestedCount: 0, SortCriteria: ""
    }, function (answer) { done(answer && answer.list[0]); });
}

function search(words, from, count, done) {
    var all = words.trim().split(/\s+/).slice(0, 8).map(function (word) {
        var quoted = " contains \"" + word.replace(/\\/g, "\\\\").replace(/"/g, "\\\"") + "\"";
        return "(dc:title" + quoted + " or upnp:artist" + quoted + " or upnp:album" + quoted + " or upnp:genre" + quoted + ")";
    });
    return listing("Search", {
        ContainerID: "0", SearchCriteria: all.join(" and "), Filter: "*", StartingIndex: from, RequestedCount: count, SortCriteria: ""
    }, done);
}

// The path of one of our own URLs: the page may have been reached by another name than the one that stands there.
function ownPath(url) {
    var match = /^http:\/\/[^\/]+(\/(?:media|art)\/[0-9a-f]{16}[-.][a-z0-9.]+)$/.exec(url);
    return match ? match[1] : "";
}

function seconds(text) {
    var parts = String(text).split(":"), secs = 0;
    for (var i = 0; i < parts.length; i++) { secs = secs * 60 + (parseFloat(parts[i]) || 0); }
    return secs;
}

// An element of DIDL-Lite as what is shown of it.
function object(node) {
    var o = {
        id: node.getAttribute("id"), parent: node.getAttribute("parentID"), isContainer: node.localName === "container",
        count: Number(node.getAttribute("childCount")) || 0, art: [], tracks: [], position: 0, plays: 0, title: "", kind: ""
    };
    for (var child = node.firstChild; child; child = child.nextSibling) {
        if (child.nodeType === 1) { take(o, child, child.textContent); }
    }
    if (!o.isContainer) {
        o.type = /video/.test(o.kind) ? "video" : /audio/.test(o.kind) ? "audio" : "image";
    } else if ((o.kind === "object.container" || o.parent === "0") && texts["title:" + o.title]) {
        o.original = o.title;
        o.title = t("title:" + o.title);
    }
    return o;
}

function take(o, child, text) {
    switch (child.localName) {
    case "title": o.title = text; break;
    case "class": o.kind = text; break;
    case "date": o.date = text; break;
    case "artist": if (!child.getAttribute("role")) { o.artist = text; } break;
    case "album": o.album = text; break;
    case "genre": o.genre = text; break;
    case "originalTrackNumber": o.track = text; break;
    case "seriesTitle": o.series = text; break;
    case "episodeSeason": o.season = text; break;
    case "episodeNumber": o.episode = text; break;
    case "lastPlaybackPosition": o.position = seconds(text); break;
    case "playbackCount": o.plays = Number(text) || 0; break;
    case "albumArtURI": if (ownPath(text)) { o.art.push(ownPath(text)); } break;
    case "res": takeRes(o, child, text); break;
    }
}

function takeRes(o, res, url) {
    var mime = (res.getAttribute("protocolInfo") || "").split(":")[2] || "";
    var own = ownPath(url);
    if (/\.(srt|vtt|ass|ssa|smi|sub)$/.test(own)) {
        // By this ending the server converts whatever it is.
        o.tracks.push(own.replace(/\.[a-z]+$/, ".vtt"));
    } else if (!o.address && !/^text\//.test(mime)) {
        o.mime = mime;
        o.url = own;
        o.address = own ? win.location.protocol + "//" + win.location.host + own : url;
        o.size = Number(res.getAttribute("size")) || 0;
        o.length = seconds(res.getAttribute("duration") || 0);
        o.resolution = res.getAttribute("resolution");
    }
}

// ---- pictures, a few at a time -------------------------------------------------------------------------------------

// A browser has six connections to one server, of which events and a film take two; pictures that have to be made first
// must not take the rest.
var waiting = [], loading = [];

function art(o, name) {
    var box = make("span", "art " + (name || ""));
    add(box, icon(iconOf(o)));
    if (o.art.length) {
        var image = make("img");
        image.alt = "";
        image.hidden = true;
        add(box, image);
        var better = o.art[1] || o.art[0];
        // The camera's own small picture comes first; the better one takes a while.
        if (o.type === "image" && better !== o.art[0]) {
            waiting.push({ image: image, url: o.art[0], then: better });
        } else {
            waiting.push({ image: image, url: better });
        }
        win.setTimeout(loadPictures, 0);
    }
    return box;
}

function isNear(element) {
    var rect = element.parentNode && element.parentNode.getBoundingClientRect();
    return rect && rect.bottom > -300 && rect.top < win.innerHeight + 600 && rect.right > -300 && rect.left < win.innerWidth + 600;
}

function loadPictures() {
    function isThere(job) { return doc.documentElement.contains(job.image); }
    waiting = waiting.filter(isThere);
    // What nobody sees any more makes room.
    loading = loading.filter(function (job) {
        if (!isThere(job)) { job.aside.onload = job.aside.onerror = null; job.aside.removeAttribute("src"); }
        return isThere(job);
    });
    for (var i = 0; i < waiting.length && loading.length < 2; i++) {
        if (isNear(waiting[i].image)) { loadPicture(waiting.splice(i--, 1)[0]); }
    }
}

// Aside, so that one which does not come leaves what is there.
function loadPicture(job) {
    var image = job.image, aside = job.aside = new Image();
    function end(loaded) {
        aside.onload = aside.onerror = null;
        loading.splice(loading.indexOf(job), 1);
        if (loaded) {
            image.src = job.url;
            image.hidden = false;
            if (aside.naturalHeight > aside.naturalWidth * 1.2) { image.className = "tall"; }
            if (image.onshown) { image.onshown(image); }
            if (job.then) { waiting.push({ image: image, url: job.then }); }
        } else if (!job.again) {
            // Too many were asked for at once, perhaps.
            win.setTimeout(function () { waiting.push({ image: image, url: job.url, then: job.then, again: true }); loadPictures(); }, 3000);
        }
        loadPictures();
    }
    loading.push(job);
    aside.onload = function () { end(true); };
    aside.onerror = function () { end(false); };
    aside.src = job.url;
}

var GROUP_ICONS = {
    Music: "music", Video: "film", Pictures: "photo", Folders: "folder", Artists: "person", "Album artists": "person", Composers: "person",
    Albums: "disc", Genres: "tag", Years: "calendar", Dates: "calendar", "All tracks": "music", Playlists: "queue", "Recently added": "clock",
    "In progress": "clock", Series: "film", Films: "film", "All videos": "film", Cameras: "photo", "All pictures": "photo"
};

function iconOf(o) {
    if (!o.isContainer) {
        return /Broadcast/.test(o.kind) ? "stream" : { video: "film", audio: "music", image: "photo" }[o.type];
    }
    if (GROUP_ICONS[o.original]) { return GROUP_ICONS[o.original]; }
    return /musicAlbum/.test(o.kind) ? "disc" : /photoAlbum/.test(o.kind) ? "photo" : /musicArtist/.test(o.kind) ? "person" :
        /musicGenre/.test(o.kind) ? "tag" : /playlist/.test(o.kind) ? "queue" : "folder";
}

// ---- the library -----------------------------------------------------------------------------------------------------

// Containers that are the same in every library: what was begun, new films, new music.
var SHELVES = [
    { id: "1cf7f06265b01fda", view: "Video", text: "title:In progress" },
    { id: "bb5f60b644e01142", view: "Video", text: "new films" },
    { id: "9c6eb4cb9a4ed03b", view: "Music", text: "new music" }
];

// What is shown: where it comes from, what has come so far.
var shown = null, known = {};

function count(n) { return n === 1 ? t("one item") : t("items", number(n)); }

function below(o) {
    if (o.isContainer) { return o.artist ? o.artist : count(o.count); }
    if (o.type === "video") {
        var episode = o.episode ? (o.season ? o.season + "\u00d7" : "") + o.episode : "";
        return [o.series, episode, o.length ? clock(o.length) : "", !o.series && o.date ? o.date.slice(0, 4) : ""].filter(Boolean).join(" \u00b7 ");
    }
    return o.type === "audio" ? [o.artist, o.album].filter(Boolean).join(" \u00b7 ") : (o.date || "").slice(0, 10);
}

function card(o, act) {
    var box = make("div", "card " + (o.isContainer ? "container" : o.type));
    box.dataset.id = o.id;
    var open = make(o.isContainer ? "a" : "button", "open");
    var picture = art(o);
    if (o.isContainer) { open.href = "#/o/" + o.id; } else { open.onclick = act; }
    if (o.position && o.length) {
        var bar = make("span", "progress"), done = make("span");
        done.style.width = Math.min(100, 100 * o.position / o.length) + "%";
        add(picture, add(bar, done));
    } else if (o.plays && o.type === "video") {
        add(picture, label(add(make("span", "seen"), icon("check")), t("watched")));
    }
    add(open, picture, make("span", "name", o.title), make("span", "below", below(o) || "\u00a0"));
    add(box, open);
    if (!o.isContainer) { add(box, moreButton(o, act)); }
    return box;
}

function row(o, place, act) {
    var box = make("div", "row"), open = make("button", "open");
    box.dataset.id = o.id;
    add(open, make("span", "place", o.track || place), art(o, "small"),
        add(make("span", "words"), make("span", "name", o.title), make("span", "below", below(o))),
        make("span", "length", o.length ? clock(o.length) : ""));
    open.onclick = act;
    add(box, open, moreButton(o, act));
    return box;
}

function moreButton(o, act) {
    var more = add(make("button", "more"), icon("more"));
    label(more, t("more", o.title));
    more.onclick = function () { details(o, act); };
    return more;
}

// Three kinds of places that fill as pages come: containers, what is looked at, what is listened to.
function Places(view) {
    this.view = view;
    this.places = {};
    this.list = [];
}

Places.prototype.place = function (name) {
    var order = ["container", "video", "image", "audio"];
    if (!this.places[name]) {
        var made = this.places[name] = make("div", name === "audio" ? "rows" : "grid " + name);
        var after = null;
        for (var i = order.indexOf(name) + 1; i < order.length && !after; i++) { after = this.places[order[i]]; }
        this.view.insertBefore(made, after || null);
    }
    return this.places[name];
};

Places.prototype.add = function (list) {
    var places = this;
    list.forEach(function (o) {
        var type = o.isContainer ? "container" : o.type, at = places.list.length;
        var act = function () { openItem(o, places.list, at); };
        places.list.push(o);
        var into = places.place(type);
        var made = type === "audio" ? row(o, into.childNodes.length + 1, act) : card(o, act);
        if (type === "container" && o.art.length) { into.classList.add("covers"); }
        into.appendChild(made);
        makePosters(made, o, into);
    });
    markPlaying();
};

// Where the picture of a film is a poster, all of its neighbours have the form of one.
function makePosters(made, o, into) {
    var image = made.querySelector("img");
    if (image && o.type === "video") {
        image.onshown = function () { if (image.className === "tall") { into.classList.add("posters"); } };
    }
}

function openFolder(id) {
    begin({ key: "o/" + id, ask: function (from, n, done) { return browse(id, from, n, done); }, id: id, isRoot: id === "0" });
    if (known[id]) { head(known[id]); }
    metadata(id, function (o) {
        if (!isShown("o/" + id)) { return; }
        if (o === false) { return note(t("gone")); }
        if (o) { known[id] = o; head(o); pathOf(o, [], "o/" + id); }
    });
}

function openSearch(words) {
    begin({ key: "s/" + words, ask: function (from, n, done) { return search(words, from, n, done); }, words: words });
    say(t("results", words));
    clear($("path"));
}

function isShown(key) { return shown && shown.key === key; }

// Where somebody was in a list, for the way back to it: how far it had come, its place, what had the focus.
var left = {}, isBack = false, isToBeSaid = false;

function leave() {
    if (!shown) { return; }
    if (shown.xhr) { shown.xhr.abort(); }
    if (!shown.ask) { return; }
    if (Object.keys(left).length > 100) { left = {}; }
    var on = doc.activeElement;
    while (on && !(on.dataset && on.dataset.id)) { on = on.parentNode; }
    left[shown.key] = { from: Math.min(shown.from, MOST), top: shown.top || 0, id: on ? on.dataset.id : shown.last };
}

function comeBack(what) {
    var old = what.back, on;
    if (!old) { return; }
    what.back = null;
    win.scrollTo(0, old.top);
    on = old.id && doc.querySelector("[data-id=\"" + old.id + "\"] .open");
    if (on && isNobody(doc.activeElement)) { on.focus({ preventScroll: true }); }
}

function isNobody(on) { return !on || on === doc.body || on === $("title"); }

function begin(what) {
    leave();
    shown = what;
    what.back = isBack && left[what.key];
    what.from = 0;
    what.total = -1;
    clear($("actions"));
    $("count").textContent = "";
    note("");
    var view = clear($("view"));
    view.className = "";
    $("main").className = what.isRoot ? "rooted" : "";
    what.places = new Places(view);
    win.scrollTo(0, 0);
    loadPictures();
    next();
}

// The next page of what is shown.
function next() {
    var what = shown;
    if (!what || !what.ask || what.busy || what.total >= 0 && what.from >= what.total) { return; }
    what.busy = true;
    what.xhr = what.ask(what.from, Math.max(PAGE, what.back ? what.back.from : 0), function (answer) {
        what.busy = false;
        if (what !== shown) { return; }
        if (answer === null) { note(t("no answer")); win.setTimeout(function () { if (what === shown) { next(); } }, 3000); return; }
        if (answer === false) { note(t("gone")); what.total = 0; return; }
        note("");
        what.total = answer.total;
        what.from += answer.list.length;
        if (!answer.list.length) { what.total = what.from; }
        what.places.add(answer.list);
        if (what.from === answer.list.length) { first(what); }
        $("count").textContent = what.isRoot ? "" : count(what.total);
        comeBack(what);
        loadPictures();
        nearEnd();
    });
}

function first(what) {
    if (!what.total) { note(t(what.words ? "nothing found" : what.isRoot ? "empty library" : "empty")); }
    var types = what.places.places, actions = clear($("actions"));
    if (types.audio || types.video) {
        add(actions, button("play", t("play all"), function () { playAll(what, false); }));
        if (types.audio) { add(actions, button("next", t("shuffle"), function () { playAll(what, true); })); }
    } else if (types.image) {
        add(actions, button("play", t("slides"), function () { slides(what); }));
    }
    if (what.isRoot) { shelves(what); }
}

function shelves(what) {
    SHELVES.forEach(function (shelf) {
        if (!what.places.list.some(function (o) { return o.original === shelf.view; })) { return; }
        var box = $("shelf-" + shelf.id) || make("section", "shelf");
        box.id = "shelf-" + shelf.id;
        if (!box.parentNode) { $("view").appendChild(box); }
        browse(shelf.id, 0, 12, function (answer) {
            if (what !== shown || !answer) { return; }
            // What is there already stays: a focus, too.
            var said = names(answer.list);
            if (box.said === said) { return; }
            box.said = said;
            if (!answer.list.length) { clear(box); return; }
            var link = add(make("a"), make("span", "", t(shelf.text)), icon("right"));
            var line = make("div", "line");
            link.href = "#/o/" + shelf.id;
            add(clear(box), add(make("h2"), link), line);
            answer.list.forEach(function (item, at) {
                var made = card(item, function () { openItem(item, answer.list, at); });
                makePosters(made, item, line);
                line.appendChild(made);
            });
            line.onscroll = loadPictures;
            loadPictures();
        });
    });
}

function nearEnd() {
    if (shown && shown.ask && doc.documentElement.scrollHeight - win.pageYOffset - win.innerHeight < 900) { next(); }
}

function note(text) { $("note").textContent = text; }

function head(o) {
    var title = o.id === "0" ? status && status.name || t("library") : o.title;
    say(title);
}

// Says where somebody has come, to who does not see too: what was clicked is gone, and the focus with it.
function say(title) {
    $("title").textContent = doc.title = title;
    if (isToBeSaid && isNobody(doc.activeElement)) { $("title").focus({ preventScroll: true }); }
    isToBeSaid = false;
}

// From here up to the root; each step is asked for once.
function pathOf(o, down, key) {
    if (!isShown(key)) { return; }
    if (o.parent === "-1" || down.length > 20) { return writePath(down); }
    down.unshift(o);
    if (known[o.parent]) { return pathOf(known[o.parent], down, key); }
    metadata(o.parent, function (above) {
        if (above) { known[above.id] = above; pathOf(above, down, key); }
    });
}

function writePath(down) {
    var path = clear($("path"));
    if (!down.length) { return; }
    [{ id: "0", title: t("library") }].concat(down).forEach(function (o, at) {
        if (at) { add(path, icon("right")); }
        var link = make(at < down.length ? "a" : "span", "", o.title);
        if (at < down.length) { link.href = "#/o/" + o.id; } else { link.setAttribute("aria-current", "page"); }
        add(path, link);
    });
}

function names(list) { return list.map(function (o) { return o.id + o.title + o.count + o.art.length; }).join(); }

// The library has changed: what is shown is compared, and shown anew if it differs.
function refresh() {
    var what = shown;
    if (!what || !what.ask || what.busy || what.from > 300) { return; }
    what.ask(0, Math.max(what.from, PAGE), function (answer) {
        if (what !== shown || !answer) { return; }
        if (names(answer.list) === names(what.places.list)) {
            if (what.isRoot) { shelves(what); }
            return;
        }
        var at = win.pageYOffset;
        what.places = new Places(clear($("view")));
        what.from = answer.list.length;
        what.total = answer.total;
        what.places.add(answer.list);
        note("");
        first(what);
        $("count").textContent = what.isRoot ? "" : count(what.total);
        win.scrollTo(0, at);
    });
}

// ---- details -----------------------------------------------------------------------------------------------------------

function openItem(o, list, at) {
    if (o.type === "image") { return showPicture(list, at); }
    if (!o.url) { return details(o, null, t("stream")); }
    if (!canPlay(o)) { return details(o, function () { play(list, at); }, t("cannot play")); }
    play(list, at);
}

function canPlay(o) {
    // No browser says that it plays Matroska; many do.
    return o.mime === "video/x-matroska" || media.canPlayType(o.mime || "") !== "";
}

function fact(list, name, text) {
    if (text) { add(list, make("dt", "", t(name)), make("dd", "", text)); }
}

function details(o, act, why) {
    var facts = make("dl", "facts"), actions = make("div", "actions");
    if (act && o.url) {
        if (o.position > 5) {
            add(actions, button("play", t("resume", clock(o.position)), function () { closeSheet(); act(); }),
                button("previous", t("start over"), function () { closeSheet(); o.position = 0; act(); }));
        } else {
            add(actions, button("play", t("play"), function () { closeSheet(); act(); }));
        }
    }
    if (o.url && o.type !== "image" && canPlay(o)) {
        add(actions, button("queue", t("enqueue"), function () { closeSheet(); enqueue(o); }));
    }
    if (o.url) {
        var link = make("a", "action", t("download"));
        link.href = o.url;
        link.setAttribute("download", o.title.replace(/[\/\\:*?"<>|\u0000-\u001f]/g, "_") + o.url.slice(o.url.lastIndexOf(".")));
        add(actions, link);
    }
    fact(facts, "artist", o.artist);
    fact(facts, "album", o.album);
    fact(facts, "series", o.series);
    fact(facts, "genre", o.genre);
    fact(facts, "date", o.date && o.date.replace("T", " "));
    fact(facts, "length", o.length && clock(o.length));
    fact(facts, "resolution", o.resolution && o.resolution.replace("x", " \u00d7 "));
    fact(facts, "size", o.size && bytes(o.size));
    fact(facts, "kind", o.mime);
    var address = make("input", "address");
    address.readOnly = true;
    address.value = o.address || "";
    label(address, t("address"));
    address.onfocus = function () { address.select(); };
    var copy = button(null, t("copy"), function () {
        address.focus();
        address.select();
        if (doc.execCommand("copy")) { toast(t("copied")); }
    });
    sheet(o.title, [why ? make("p", "why", why) : null, actions, facts, o.address ? add(make("div", "copy"), address, copy) : null]);
}

// What had the focus before a sheet, and before the stage.
var before = null, beforeStage = null;

// What is covered cannot be reached: neither by the tabulator nor by a reader of screens.
function layers() {
    var isSheet = !$("shade").hidden, isCovered = isSheet || isOnStage();
    $("skip").inert = $("top").inert = $("main").inert = isCovered;
    player.inert = isSheet;
}

function isOnStage() { return /staged|pictured/.test(player.className); }

// Changes the form of the player; who closes the stage is where they were.
function dress(name) {
    var was = isOnStage();
    if (!was) { beforeStage = doc.activeElement; }
    player.className = name;
    layers();
    if (was && !isOnStage() && beforeStage) { beforeStage.focus(); }
}

function sheet(title, parts) {
    var box = clear($("sheet")), heading = make("h2", "", title), close = add(make("button", "round"), icon("close"));
    label(close, t("close"));
    close.onclick = closeSheet;
    label(box, title);
    add(box, add(make("div", "head"), heading, close));
    parts.forEach(function (part) { add(box, part); });
    if ($("shade").hidden) { before = doc.activeElement; }
    show($("shade"), true);
    layers();
    (box.querySelector(".actions .action, .entry.current") || close).focus();
}

function closeSheet() {
    if ($("shade").hidden) { return false; }
    show($("shade"), false);
    layers();
    if (before && before.focus) { before.focus(); }
    return true;
}

// ---- the player ----------------------------------------------------------------------------------------------------------

var media = $("media"), player = $("player");
var queue = [], at = -1, kept = 0, isSeeking = false, captionAt = -1;

function current() { return queue[at]; }

function play(list, from) {
    var o = list[from];
    stopPicture();
    queue = list.filter(function (other) { return other.type === o.type && other.url; });
    start(queue.indexOf(o), o.type === "video");
}

function enqueue(o) {
    if (!current()) { return play([o], 0); }
    if (queue.length < MOST) { queue.push(o); }
    $("next").disabled = at + 1 >= queue.length;
    toast(t("enqueued", o.title));
}

function playAll(what, isShuffled) {
    what.ask(0, MOST, function (answer) {
        if (!answer) { return; }
        var type = what.places.places.audio ? "audio" : "video";
        var list = answer.list.filter(function (o) { return o.type === type && o.url; });
        for (var i = list.length - 1; isShuffled && i > 0; i--) {
            var j = Math.floor(Math.random() * (i + 1)), held = list[i];
            list[i] = list[j];
            list[j] = held;
        }
        if (list.length) { play(list, 0); }
    });
}

function start(number, isStaged) {
    keep();
    at = number;
    var o = current();
    if (!o) { return stop(); }
    show(player, true);
    doc.body.classList.add("has-player");
    dress(o.type + (isStaged && o.type === "video" ? " staged" : ""));
    clear(media);
    captionAt = -1;
    media.src = o.url;
    o.tracks.forEach(function (url, n) { addTrack(url, n); });
    var from = worthKeeping(o) && o.position > 5 && o.position < 0.95 * o.length ? o.position : 0;
    kept = from;
    media.onloadedmetadata = function () {
        if (from) {
            media.currentTime = from;
            toast(t("resumed", clock(from)), t("start over"), function () { media.currentTime = 0; });
        }
    };
    var promise = media.play();
    // A browser that wants a click first shows the button for it.
    if (promise && promise.catch) { promise.catch(function () {}); }
    describe(o);
    if (isStaged) { $("play").focus(); }
}

function describe(o) {
    $("now-title").textContent = o.title;
    $("now-more").textContent = below(o);
    $("stage-title").textContent = o.title;
    label($("now"), o.title);
    add(clear($("now-art")), art(o, "small"));
    show($("captions"), o.tracks.length > 0);
    $("captions").classList.remove("on");
    $("captions").setAttribute("aria-pressed", false);
    show($("full"), o.type === "video");
    $("total").textContent = clock(o.length);
    $("previous").disabled = at <= 0 && o.length < 5;
    $("next").disabled = at + 1 >= queue.length;
    markPlaying();
    if (win.navigator.mediaSession && win.MediaMetadata) {
        var pictures = o.art.map(function (url) { return { src: url }; });
        win.navigator.mediaSession.metadata = new win.MediaMetadata({ title: o.title, artist: o.artist || "", album: o.album || "", artwork: pictures });
    }
}

function addTrack(url, n) {
    var track = make("track");
    track.kind = "subtitles";
    track.label = t("subtitles n", n + 1);
    track.src = url;
    media.appendChild(track);
    // The name of the file tells the language.
    request("HEAD", url, null, {}, function (xhr) {
        var code = xhr && xhr.status === 200 && xhr.getResponseHeader("Content-Language");
        if (!code) { return; }
        var name = code;
        try { name = new Intl.DisplayNames([language], { type: "language" }).of(code) || code; } catch (e) { /* older */ }
        track.label = name;
        track.srclang = code;
    });
}

// No subtitles, the first, the second ...
function nextCaptions() {
    var tracks = media.textTracks, elements = media.querySelectorAll("track");
    captionAt = captionAt + 1 >= elements.length ? -1 : captionAt + 1;
    for (var i = 0; i < tracks.length; i++) { tracks[i].mode = i === captionAt ? "showing" : "disabled"; }
    $("captions").classList.toggle("on", captionAt >= 0);
    $("captions").setAttribute("aria-pressed", captionAt >= 0);
    toast(t("subtitles") + ": " + (captionAt < 0 ? t("off") : elements[captionAt].label));
}

function worthKeeping(o) { return o && (o.type === "video" || o.length >= LONG_SOUND); }

// Tells the server where somebody stopped, as a television does.
function keep(isLeaving) {
    var o = current(), position = Math.floor(media.currentTime || 0);
    if (!worthKeeping(o) || !media.currentSrc || position < 5 || Math.abs(position - kept) < 2) { return; }
    kept = o.position = position;
    var names = { CategoryType: 0, RID: 0, ObjectID: o.id, PosSecond: position };
    if (isLeaving && win.navigator.sendBeacon) {
        win.navigator.sendBeacon(CONTENT, new Blob([envelope("X_SetBookmark", names)], { type: "text/xml" }));
    } else {
        call("X_SetBookmark", names);
    }
}

function finished(o) {
    if (!worthKeeping(o)) { return; }
    o.position = kept = 0;
    o.plays++;
    var position = "<upnp:lastPlaybackPosition>";
    call("UpdateObject", {
        ObjectID: o.id,
        CurrentTagValue: position + "0</upnp:lastPlaybackPosition>,<upnp:playCount>0</upnp:playCount>",
        NewTagValue: position + "0</upnp:lastPlaybackPosition>,<upnp:playCount>1</upnp:playCount>"
    });
}

function step(by) {
    if (by < 0 && media.currentTime > 5) { media.currentTime = 0; return; }
    if (queue[at + by]) { start(at + by, player.classList.contains("staged")); }
}

function toggle() { if (media.paused) { media.play(); } else { media.pause(); } }

function seekBy(secs) {
    if (media.duration) { media.currentTime = Math.max(0, Math.min(media.duration - 1, media.currentTime + secs)); }
}

function stop() {
    keep();
    media.pause();
    media.removeAttribute("src");
    clear(media);
    media.load();
    queue = [];
    at = -1;
    doc.body.classList.remove("has-player");
    dress(pictures ? "pictured" : "");
    show(player, !!pictures);
    markPlaying();
}

function closeStage() {
    if (pictures) { stopPicture(); return true; }
    if (!player.classList.contains("staged")) { return false; }
    leaveFullScreen();
    dress(current() ? current().type : "");
    return true;
}

function fullScreenElement() { return doc.fullscreenElement || doc.webkitFullscreenElement; }

function leaveFullScreen() {
    if (fullScreenElement()) { (doc.exitFullscreen || doc.webkitExitFullscreen).call(doc); }
}

function fullScreen() {
    if (fullScreenElement()) { return leaveFullScreen(); }
    if (!isOnStage()) { dress(player.className + " staged"); }
    var ask = player.requestFullscreen || player.webkitRequestFullscreen;
    if (ask) { ask.call(player); } else if (media.webkitEnterFullscreen) { media.webkitEnterFullscreen(); }
}

function showQueue() {
    var list = make("div", "entries");
    queue.forEach(function (o, n) {
        var entry = make("button", "entry" + (n === at ? " current" : ""));
        add(entry, art(o, "small"), add(make("span", "words"), make("span", "name", o.title), make("span", "below", below(o))),
            make("span", "length", o.length ? clock(o.length) : ""));
        entry.onclick = function () { closeSheet(); start(n, player.classList.contains("staged")); };
        add(list, entry);
    });
    sheet(t("queue"), [list]);
}

function markPlaying() {
    var rows = doc.querySelectorAll(".row"), o = current();
    for (var i = 0; i < rows.length; i++) { rows[i].classList.toggle("playing", !!o && rows[i].dataset.id.slice(0, 16) === o.id.slice(0, 16)); }
}

function followMedia() {
    media.ontimeupdate = function () {
        var total = isFinite(media.duration) && media.duration || (current() || {}).length || 0;
        $("at").textContent = clock(media.currentTime);
        $("total").textContent = clock(total);
        if (!isSeeking && total) {
            $("position").value = 1000 * media.currentTime / total;
            paint($("position"));
            $("position").setAttribute("aria-valuetext", clock(media.currentTime));
        }
        if (Math.abs(media.currentTime - kept) >= KEEP_EVERY && !media.paused) { keep(); }
    };
    media.onplay = media.onpause = function () {
        setIcon($("play"), media.paused ? "play" : "pause", media.paused ? "play" : "pause");
        if (media.paused && !media.ended) { keep(); }
    };
    media.onended = function () {
        finished(current());
        if (queue[at + 1]) { start(at + 1, player.classList.contains("staged")); } else { closeStage(); }
    };
    media.onerror = function () {
        var o = current();
        if (!o || !media.getAttribute("src")) { return; }
        var code = media.error ? media.error.code : 0;
        stop();
        details(o, null, code === 2 ? t("no answer") : t("cannot play"));
    };
    media.onvolumechange = function () {
        setIcon($("mute"), media.muted || !media.volume ? "muted" : "sound", "mute");
        $("volume").value = media.muted ? 0 : 100 * media.volume;
        paint($("volume"));
    };
    media.onclick = toggle;
    var position = $("position");
    position.oninput = function () { isSeeking = true; $("at").textContent = clock(position.value / 1000 * (media.duration || 0)); paint(position); };
    position.onchange = function () {
        isSeeking = false;
        if (media.duration) { media.currentTime = position.value / 1000 * media.duration; }
    };
    $("volume").oninput = function () { media.muted = false; media.volume = $("volume").value / 100; };
    $("play").onclick = toggle;
    $("previous").onclick = function () { step(-1); };
    $("next").onclick = function () { step(1); };
    $("mute").onclick = function () { media.muted = !media.muted; };
    $("full").onclick = fullScreen;
    $("captions").onclick = nextCaptions;
    $("queue-open").onclick = showQueue;
    $("stop").onclick = stop;
    $("now").onclick = function () {
        var o = current();
        if (!o || o.type !== "video") { return showQueue(); }
        if (pictures) { stopPicture(); }
        dress(player.classList.contains("staged") ? "video" : "video staged");
    };
    var session = win.navigator.mediaSession;
    if (session && session.setActionHandler) {
        [["play", toggle], ["pause", toggle], ["previoustrack", function () { step(-1); }], ["nexttrack", function () { step(1); }]]
            .forEach(function (pair) { try { session.setActionHandler(pair[0], pair[1]); } catch (e) { /* not known there */ } });
    }
    paint(position);
    paint($("volume"));
}

// The part of a range that is behind its knob has the colour of the page.
function paint(range) {
    var part = 100 * (range.value - range.min) / (range.max - range.min);
    range.style.setProperty("--part", part + "%");
}

// ---- pictures on the stage --------------------------------------------------------------------------------------------

var pictures = null, pictureAt = 0, slideTimer = 0;
var SHOWN_BY_BROWSERS = /^image\/(jpeg|png|gif|webp|bmp|avif)$/;

function showPicture(list, number) {
    var o = list[number];
    pictures = list.filter(function (other) { return other.type === "image"; });
    pictureAt = pictures.indexOf(o);
    if (!media.paused && current() && current().type === "video") { media.pause(); }
    show(player, true);
    dress((current() ? current().type + " " : "") + "pictured");
    drawPicture();
    $("stage-close").focus();
}

function drawPicture() {
    var o = pictures[pictureAt], image = $("picture"), small = o.art[1] || o.art[0];
    show(image, true);
    show($("stage-why"), false);
    show($("stage-more"), true);
    image.alt = o.title;
    $("stage-title").textContent = o.title;
    show($("stage-back"), pictures.length > 1);
    show($("stage-next"), pictures.length > 1);
    image.onerror = function () {
        show(image, false);
        show($("stage-why"), true);
    };
    image.src = small || o.url;
    if (small && SHOWN_BY_BROWSERS.test(o.mime)) {
        var whole = new Image();
        whole.onload = function () {
            if (!pictures || pictures[pictureAt] !== o) { return; }
            show($("stage-why"), false);
            show(image, true);
            image.src = o.url;
        };
        whole.src = o.url;
    }
}

function turnPicture(by) {
    if (!pictures) { return; }
    pictureAt = (pictureAt + by + pictures.length) % pictures.length;
    drawPicture();
}

function stopPicture() {
    if (!pictures) { return; }
    pictures = null;
    win.clearInterval(slideTimer);
    slideTimer = 0;
    leaveFullScreen();
    show($("picture"), false);
    show($("stage-back"), false);
    show($("stage-next"), false);
    show($("stage-more"), false);
    show($("stage-why"), false);
    dress(current() ? current().type : "");
    show(player, !!current());
}

function slides(what) {
    what.ask(0, MOST, function (answer) {
        var list = answer ? answer.list.filter(function (o) { return o.type === "image"; }) : [];
        if (!list.length) { return; }
        showPicture(list, 0);
        slideTimer = win.setInterval(function () { turnPicture(1); }, 5000);
    });
}

// ---- how things are --------------------------------------------------------------------------------------------------

var status = null, live = null, pollTimer = 0, clockOffset = 0, rates = {}, lastScan = null, sections = {}, report = null;

// Follows the server while somebody can see it; asks now and then where that is not possible.
function follow() {
    if (doc.hidden || live || pollTimer) { return; }
    if (!win.EventSource) { return poll(); }
    live = new EventSource("/live");
    live.onmessage = function (event) { told(JSON.parse(event.data)); };
    live.onerror = function () {
        silent();
        if (live && live.readyState === 2) { live = null; poll(); }
    };
}

function unfollow() {
    if (live) { live.close(); live = null; }
    win.clearTimeout(pollTimer);
    pollTimer = 0;
}

function poll() {
    pollTimer = win.setTimeout(function () { pollTimer = 0; poll(); }, 5000);
    request("GET", "/status.json", null, {}, function (xhr) {
        if (xhr && xhr.status === 200) { told(JSON.parse(xhr.responseText)); } else { silent(); }
    });
}

function silent() { if (isShown("status")) { note(t("no answer")); } }

function told(data) {
    var old = status;
    status = data;
    clockOffset = data.now - Date.now() / 1000;
    $("name").textContent = data.name;
    show($("busy"), data.scan.running || data.problems.length > 0);
    $("busy").className = data.problems.length ? "problem" : "";
    if (shown && shown.isRoot) { head({ id: "0" }); }
    // What was listed before the first word may be old as well.
    if (!old || old.update !== data.update) {
        known = {};
        win.clearTimeout(told.timer);
        told.timer = win.setTimeout(refresh, 300);
    }
    if (isShown("status")) { note(""); writeStatus(); }
}

function openStatus() {
    leave();
    shown = { key: "status" };
    sections = {};
    report = null;
    clear($("path"));
    clear($("actions"));
    say(t("status"));
    $("count").textContent = "";
    note("");
    clear($("view")).className = "status";
    $("main").className = "";
    ["problems", "scan", "library", "streams", "devices", "roots", "searches", "server", "skipped"].forEach(function (name) {
        var box = make("section", "panel " + name);
        box.hidden = true;
        sections[name] = { box: box, said: "" };
        $("view").appendChild(box);
    });
    loadPictures();
    if (status) { writeStatus(); }
}

// Writes a section anew only if what it says has changed: focus and selection stay where they are.
function section(name, slice, title, fill) {
    var part = sections[name], said = JSON.stringify(slice);
    if (part.said === said) { return; }
    part.said = said;
    clear(part.box).hidden = false;
    if (title) { add(part.box, make("h2", "", title)); }
    fill(part.box);
}

function writeStatus() {
    var s = status;
    section("problems", s.problems, t("problems"), function (box) {
        box.hidden = !s.problems.length;
        s.problems.forEach(function (text) { add(box, make("p", "", said("problem:", text))); });
    });
    writeScan(s);
    section("library", s.library, t("listed"), function (box) {
        var list = add(box, make("div", "numbers")).lastChild;
        [["films", s.library.video], ["songs", s.library.audio], ["photos", s.library.image], ["folders", s.library.folders]].forEach(function (pair) {
            add(list, add(make("div"), make("b", "", number(pair[1])), make("span", "", t(pair[0]))));
        });
    });
    writeStreams(s);
    section("devices", [s.devices, Math.floor(s.now / 10)], t("devices"), function (box) {
        if (!s.devices.length) { add(box, make("p", "quiet", t("no devices"))); }
        s.devices.forEach(function (device) { add(box, deviceLine(device)); });
    });
    section("roots", [s.roots, s.watches], t("roots"), function (box) {
        s.roots.forEach(function (root) {
            var line = make("div", "line"), state = make("span", "badge " + (root.online ? "good" : "bad"), t(root.online ? "online" : "offline"));
            add(box, add(line, add(make("span", "words"), make("span", "name", root.path),
                root.polled_folders ? make("span", "below", t("polled", number(root.polled_folders))) : null), state));
        });
        add(box, meter(t("watches"), s.watches.used, s.watches.limit, number));
    });
    section("searches", [s.searches, Math.floor(s.now / 10)], t("searches"), function (box) {
        if (!s.searches.length) { add(box, make("p", "quiet", t("no searches"))); }
        s.searches.forEach(function (search) {
            add(box, add(make("div", "line"), add(make("span", "words"), make("span", "name", search.from), make("span", "below", search.target)),
                make("span", "quiet", ago(search.last))));
        });
    });
    section("server", [s.memory, s.descriptors, s.connections, s.version, s.sent, s.started, s.own_memory, s.turned_away], t("server"), function (box) {
        add(box, meter(t("memory"), s.memory.used, s.memory.limit, bytes, t("own memory") + " " + bytes(s.own_memory)),
            meter(t("descriptors"), s.descriptors.used, s.descriptors.limit, number),
            meter(t("connections"), s.connections.used, s.connections.limit, number));
        var facts = add(box, make("dl", "facts")).lastChild;
        fact(facts, "sent", bytes(s.sent));
        fact(facts, "since", new Date(s.started * 1000).toLocaleString(language));
        fact(facts, "version", s.version);
        s.turned_away.forEach(function (row) { fact(facts, "turned away", number(row.count) + " " + row.what); });
    });
    if (report !== s.scan.passes) {
        report = s.scan.passes;
        request("GET", "/status.json", null, {}, function (xhr) {
            if (xhr && xhr.status === 200 && isShown("status")) { writeSkipped(JSON.parse(xhr.responseText)); }
        });
    }
}

function writeScan(s) {
    var part = sections.scan, scan = s.scan;
    if (!part.fill) {
        clear(part.box).hidden = false;
        part.words = make("h2");
        part.fill = make("span");
        part.bar = add(make("div", "bar"), part.fill);
        label(part.bar, t("scanning")).setAttribute("role", "progressbar");
        part.files = make("p");
        part.reading = make("p", "quiet cut");
        part.again = button(null, t("rescan"), rescan);
        add(part.box, add(make("div", "top"), part.words, part.again), part.bar, part.files, part.reading);
    }
    var share = scan.found ? Math.min(1, scan.done / scan.found) : 0, now = Date.now(), rate = 0;
    if (!scan.running) {
        lastScan = null;
    } else if (!lastScan || scan.done < lastScan.done) {
        lastScan = { done: scan.done, time: now, rate: 0 };
    } else if (scan.done > lastScan.done && now > lastScan.time) {
        lastScan = { done: scan.done, time: now, rate: 1000 * (scan.done - lastScan.done) / (now - lastScan.time) };
    } else if (now - lastScan.time > 5000) {
        // One file that takes long.
        lastScan.rate = 0;
    }
    rate = lastScan ? lastScan.rate : 0;
    part.words.textContent = t(scan.running ? "scanning" : "scan done");
    part.bar.classList.toggle("running", scan.running);
    part.bar.hidden = !scan.running;
    part.bar.setAttribute("aria-valuenow", Math.round(100 * share));
    part.fill.style.width = 100 * share + "%";
    part.files.textContent = scan.running ? t("of files", number(scan.done), number(scan.found)) + (rate ? " \u00b7 " + t("per second", number(Math.round(rate))) : "") :
        t("files listed", number(scan.listed), number(scan.skipped));
    part.reading.textContent = scan.reading;
    show(part.reading, scan.running);
    part.again.disabled = scan.running;
}

function rescan() {
    request("POST", "/rescan", null, {}, function (xhr) {
        toast(t(!xhr ? "no answer" : xhr.status === 204 ? "rescan asked" : "refused"));
    });
}

function writeStreams(s) {
    var now = Date.now();
    s.streams.forEach(function (stream) {
        var key = stream.address + stream.id + stream.since, last = rates[key];
        if (!last || last.sent !== stream.sent) {
            rates[key] = { sent: stream.sent, time: now, rate: last ? 1000 * (stream.sent - last.sent) / Math.max(1, now - last.time) : 0 };
        } else if (now - last.time > 3000) {
            last.rate = 0;
        }
        stream.rate = Math.round(rates[key].rate);
    });
    if (!s.streams.length) { rates = {}; }
    section("streams", s.streams, t("streams"), function (box) {
        if (!s.streams.length) { add(box, make("p", "quiet", t("no streams"))); }
        s.streams.forEach(function (stream) {
            var share = stream.size ? stream.at / stream.size : 0;
            var line = add(make("div", "line"), add(make("span", "words"), make("span", "name", stream.title),
                make("span", "below", stream.address + (stream.duration ? " \u00b7 " + clock(share * stream.duration) + " / " + clock(stream.duration) : ""))),
                make("span", "quiet", bytes(stream.rate) + "/s"));
            add(box, line, thin(share));
        });
    });
}

function deviceLine(device) {
    var playing = device.playing, what = "", said = null;
    if (device.recorded) {
        said = make("a", "quiet", t("said"));
        said.href = "exchanges/" + encodeURIComponent(device.address);
        said.target = "_blank";
    }
    if (playing) {
        what = (playing.running ? playing.title : t("played last", playing.title)) +
            (playing.duration && playing.size ? " (" + clock(playing.at / playing.size * playing.duration) + " / " + clock(playing.duration) + ")" : "");
    }
    return add(make("div", "line"), add(make("span", "words"), make("span", "name", device.kind || device.agent || device.address),
        make("span", "below", device.address + (device.kind && device.agent ? " \u00b7 " + device.agent : "") + (what ? " \u00b7 " + what : ""))), said, make("span", "quiet", ago(device.last)));
}

function writeSkipped(s) {
    var skips = s.skipped_files, troubled = s.troubled_files;
    section("skipped", [skips, troubled], t("skipped"), function (box) {
        if (!skips.length) { add(box, make("p", "quiet", t("no skipped"))); }
        fileLines(box, skips);
        // More than the server keeps.
        if (s.scan.skipped > skips.length) { add(box, make("p", "quiet", t("and more", number(s.scan.skipped - skips.length)))); }
        if (troubled.length) { add(box, make("h2", "", t("troubled"))); }
        fileLines(box, troubled);
        s.scan.notes.forEach(function (text) { add(box, make("p", "", text)); });
    });
}

// So many files at once, the others when somebody asks for them.
var FILES = 100;

function fileLines(box, files) {
    var place = add(box, make("div")).lastChild, at = 0;
    var more = button(null, "", function () { var old = place.childNodes.length; fill(); if (place.childNodes[old]) { place.childNodes[old].focus(); } });
    function fill() {
        files.slice(at, at + FILES).forEach(function (file) { add(place, fileLine(file)).lastChild.tabIndex = -1; });
        at = Math.min(at + FILES, files.length);
        more.lastChild.textContent = t("show more", number(files.length - at));
        show(more, at < files.length);
    }
    fill();
    add(box, more);
}

function fileLine(file) {
    var cut = file.path.lastIndexOf("/") + 1;
    return add(make("div", "line"), add(make("span", "words"), make("span", "name", file.path.slice(cut)), make("span", "below", file.path.slice(0, cut))),
        make("span", "badge", said("why:", file.why)));
}

function meter(name, used, limit, format, more) {
    var text = format(used) + (limit ? " / " + format(limit) : "") + (more ? " (" + more + ")" : "");
    return add(make("div", "meter"), add(make("div", "pair"), make("span", "", name), make("span", "quiet", text)), thin(limit ? used / limit : 0));
}

function thin(share) {
    var fill = make("span");
    fill.style.width = 100 * Math.min(1, share) + "%";
    return add(make("div", "bar thin"), fill);
}

function ago(moment) {
    var secs = Math.max(0, Math.round(Date.now() / 1000 + clockOffset - moment));
    return secs < 5 ? t("now") : secs < 90 ? t("s ago", secs) : secs < 5400 ? t("min ago", Math.round(secs / 60)) : t("h ago", Math.round(secs / 3600));
}

// ---- keys ------------------------------------------------------------------------------------------------------------

// Televisions say "back" in their own ways: LG 461, Samsung 10009, and Backspace.
var BACK = { 8: 1, 27: 1, 461: 1, 10009: 1 };
var ARROWS = { 37: [-1, 0], 38: [0, -1], 39: [1, 0], 40: [0, 1] };

function onKey(event) {
    var key = event.keyCode, on = event.target, isText = on.tagName === "INPUT" && on.type !== "range";
    if (event.ctrlKey || event.altKey || event.metaKey) { return; }
    if (BACK[key] && !(isText && (key === 8 || key === 27 && on.value))) {
        if (closeSheet() || closeStage()) { event.preventDefault(); } else if (key !== 27 && win.location.hash.length > 2) { event.preventDefault(); win.history.back(); }
        return;
    }
    if (ARROWS[key]) { return onArrow(event, ARROWS[key], isText); }
    if (isText) { return; }
    if (pictures && (key === 32 || key === 33 || key === 34)) { event.preventDefault(); turnPicture(key === 33 ? -1 : 1); return; }
    // Media keys of remote controls and keyboards; the space bar, unless it presses a button.
    if (current()) {
        if (key === 415 || key === 19 || key === 10252 || key === 179 || key === 32 && !/^(BUTTON|A)$/.test(on.tagName)) { event.preventDefault(); toggle(); }
        if (key === 413 || key === 178) { stop(); }
        if (key === 417) { seekBy(30); }
        if (key === 412) { seekBy(-10); }
    }
    if (key === 191 || event.key === "/") { event.preventDefault(); $("query").focus(); }
}

function onArrow(event, way, isText) {
    var on = event.target, isSide = way[0] !== 0;
    if (isSide && (isText && on.value || on.type === "range")) { return; }
    if (pictures && isSide) { event.preventDefault(); turnPicture(way[0]); return; }
    if (isSide && player.classList.contains("staged") && (on === doc.body || on === media)) { event.preventDefault(); seekBy(10 * way[0]); return; }
    var to = neighbour(on, way);
    if (to) {
        event.preventDefault();
        to.focus();
        if (to.scrollIntoView && !player.contains(to)) { to.scrollIntoView({ block: "center", inline: "center" }); }
    }
}

// What lies next in the direction of an arrow, as a remote control has it.
function neighbour(from, way) {
    var scope = !$("shade").hidden ? $("sheet") : pictures || player.classList.contains("staged") ? player : doc;
    var all = scope.querySelectorAll("a[href],button:not([disabled]),input"), best = null, least = Infinity;
    var own = isNobody(from) || !scope.contains(from) ? null : from.getBoundingClientRect();
    for (var i = 0; i < all.length; i++) {
        var rect = all[i].getBoundingClientRect();
        if (all[i] === from || !rect.width || !rect.height || all[i].id === "skip") { continue; }
        if (!own) {
            // Nothing has the focus: the first thing in the page itself.
            if (scope !== doc || $("view").contains(all[i])) { return all[i]; }
            continue;
        }
        var dx = (rect.left + rect.right - own.left - own.right) / 2, dy = (rect.top + rect.bottom - own.top - own.bottom) / 2;
        var ahead = way[0] ? way[0] * dx : way[1] * dy;
        var gap = way[0] ? (way[0] > 0 ? rect.left - own.right : own.left - rect.right) : (way[1] > 0 ? rect.top - own.bottom : own.top - rect.bottom);
        if (ahead <= 0 || gap < -Math.min(rect.height, own.height) / 2) { continue; }
        var aside = way[0] ? Math.max(0, rect.top - own.bottom, own.top - rect.bottom) * 4 + Math.abs(dy) :
            Math.max(0, rect.left - own.right, own.left - rect.right) * 2 + Math.abs(dx) / 2;
        var cost = Math.max(0, gap) + aside;
        if (cost < least) { least = cost; best = all[i]; }
    }
    return best;
}

// ---- the start ---------------------------------------------------------------------------------------------------------

function mark(tab, isOn) {
    tab.classList.toggle("on", isOn);
    if (isOn) { tab.setAttribute("aria-current", "page"); } else { tab.removeAttribute("aria-current"); }
}

function route() {
    var hash = win.location.hash.replace(/^#\/?/, ""), isStatus = hash === "status";
    mark($("tab-library"), !isStatus);
    mark($("tab-status"), isStatus);
    closeSheet();
    // An entry of the history that was here before: the way back, or forward again.
    isBack = !!win.history.state;
    win.history.replaceState({ seen: true }, "");
    isToBeSaid = !!shown && doc.activeElement !== $("query");
    if (isStatus) { return openStatus(); }
    if (hash.slice(0, 2) === "s/") {
        var words = "";
        try { words = decodeURIComponent(hash.slice(2)); } catch (e) { /* half a character */ }
        if ($("query").value.trim() !== words) { $("query").value = words; }
        return words ? openSearch(words) : openFolder("0");
    }
    $("query").value = "";
    var id = /^o\/([0-9a-f.]+)$/.exec(hash);
    openFolder(id ? id[1] : "0");
}

// Searching as one types: one entry in the history for all of it.
function typed() {
    var words = $("query").value.trim(), isSearch = /^#\/s\//.test(win.location.hash);
    win.clearTimeout(typed.timer);
    typed.timer = win.setTimeout(function () {
        var hash = words ? "#/s/" + encodeURIComponent(words) : "#/";
        if (hash === win.location.hash || !words && !isSearch) { return; }
        if (isSearch) { win.location.replace(hash); } else { win.location.hash = hash; }
    }, 250);
}

function begun() {
    chooseLanguage();
    writeTexts();
    followMedia();
    $("query").oninput = typed;
    $("search").onsubmit = function (event) { event.preventDefault(); $("query").blur(); };
    $("skip").onclick = function (event) { event.preventDefault(); $("main").focus(); };
    $("stage-close").onclick = closeStage;
    $("stage-more").onclick = function () { details(pictures[pictureAt], null); };
    $("stage-back").onclick = function () { turnPicture(-1); };
    $("stage-next").onclick = function () { turnPicture(1); };
    $("shade").onclick = function (event) { if (event.target === $("shade")) { closeSheet(); } };
    doc.addEventListener("keydown", onKey);
    win.addEventListener("hashchange", route);
    win.addEventListener("scroll", function () {
        if (shown) { shown.top = win.pageYOffset; }
        loadPictures();
        nearEnd();
    });
    // What is opened from a list is what one comes back to.
    $("view").addEventListener("click", function (event) {
        var on = event.target;
        while (on && on !== $("view") && !on.dataset.id) { on = on.parentNode; }
        if (shown && on && on.dataset.id) { shown.last = on.dataset.id; }
    });
    win.history.scrollRestoration = "manual";
    win.addEventListener("resize", function () { loadPictures(); nearEnd(); });
    win.addEventListener("pagehide", function () { keep(true); });
    doc.addEventListener("visibilitychange", function () { if (doc.hidden) { keep(); unfollow(); } else { follow(); } });
    route();
    follow();
}

request("GET", "/page/texts.json", null, {}, function (xhr) {
    texts = xhr && xhr.status === 200 ? JSON.parse(xhr.responseText) : { languages: ["en"] };
    begun();
});
}());
