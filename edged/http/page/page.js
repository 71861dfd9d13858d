"use strict";

const EMOTIONS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"];
const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

let shown = null; // object URL of what is shown
let turn = 0; // a newer file makes all that an older one was still waiting for void
let underWay = null; // address of the video that is being analysed

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function draw(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
const faces = (count) => (count === 0 ? "no face" : count === 1 ? "one face" : `${count} faces`);

async function ask(path, options = {}) {
  const token = byId("token").value;
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The service doesn't answer: is it still running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) byId("access").open = true;
  let told = `the service says ${answer.status}`;
  try {
    told = (await answer.json()).detail;
  } catch { /* no problem details: the number has to do */ }
  throw new Error(sentence(told));
}

function say(text) { byId("status").textContent = text; }

function clear() {
  turn += 1;
  if (shown) URL.revokeObjectURL(shown);
  shown = null;
  if (underWay) ask(underWay, { method: "DELETE" }).catch(() => {});
  underWay = null;
  byId("stage").replaceChildren();
  byId("faces").replaceChildren();
  for (const id of ["result", "progress", "cancel", "clear"]) byId(id).hidden = true;
  byId("error").textContent = "";
  say("");
}

async function analyse(file) {
  clear();
  const mine = turn;
  byId("form").setAttribute("aria-busy", "true");
  shown = URL.createObjectURL(file);
  try {
    const video = file.type.startsWith("video/") || file.type === "image/gif";
    await (video ? analyseVideo(file, mine) : analysePicture(file, mine));
  } catch (error) {
    if (mine === turn) {
      say("");
      byId("progress").hidden = byId("cancel").hidden = true;
      byId("error").textContent = error.message;
    }
  }
  if (mine === turn) {
    byId("form").removeAttribute("aria-busy");
    byId("clear").hidden = false;
  }
}

async function analysePicture(file, mine) {
  say("Looking at the picture …");
  const headers = { "Content-Type": "application/octet-stream" };
  const found = await (await ask("/v1/emotion?format=edged", { method: "POST", body: file, headers })).json();
  if (mine !== turn) return;
  const image = make("img", { src: shown, alt: `The picture, with ${faces(found.faces.length)} marked` });
  const overlay = draw("svg", { viewBox: `0 0 ${found.width} ${found.height}`, "aria-hidden": "true" });
  found.faces.forEach((face, i) => overlay.append(...box(face, i + 1, found)));
  const frame = make("div", { className: "picture" }, image, overlay);
  image.addEventListener("error", () => { // a kind that browsers don't show: boxes alone
    image.remove();
    frame.style.width = "100%";
    frame.style.aspectRatio = `${found.width} / ${found.height}`;
  });
  byId("stage").append(frame);
  byId("faces").append(...found.faces.map((face, i) => card(face, i + 1)));
  present(`${faces(found.faces.length)} in the picture`);
}

function box(face, number, picture) {
  const place = { x: face.box.left, y: face.box.top, width: face.box.width, height: face.box.height };
  const size = 15 * Math.max(picture.width / document.body.clientWidth, 1); // px of the picture: 15 on the screen
  const plate = { x: place.x, y: Math.max(place.y - 1.3 * size, 0), width: size * (0.7 + 0.6 * String(number).length) };
  const label = draw("text", { x: plate.x + plate.width / 2, y: plate.y + size, "font-size": size });
  label.textContent = number;
  return [
    draw("rect", { ...place, class: "halo" }),
    draw("rect", { ...place, class: face.emotion ?? "unknown" }),
    draw("rect", { ...plate, height: 1.3 * size, class: "plate" }),
    label,
  ];
}

function card(face, number) {
  const told = face.emotion ?? "can't be told";
  const heading = make("h3", { ariaLabel: `Face ${number}: ${told}` },
    make("span", { className: "number", textContent: number }), told);
  const parts = [heading];
  if (face.scores) parts.push(bars(face.scores, `Face ${number}: share of each emotion`));
  else parts.push(make("p", { textContent: "Too small or turned too far away to tell an emotion." }));
  parts.push(make("p", { textContent: `A face with ${percent(face.score)} certainty${turned(face.yaw_deg)}` }));
  return make("article", { className: "card" }, ...parts);
}

function turned(yaw) {
  const degrees = Math.round(yaw ?? 0);
  return degrees ? `, turned ${Math.abs(degrees)}° to the ${degrees < 0 ? "left" : "right"}` : "";
}

function bars(scores, title) {
  const strongest = EMOTIONS.reduce((a, b) => (scores[b] > scores[a] ? b : a));
  const rows = EMOTIONS.map((name) => {
    const bar = make("i", { className: name });
    bar.style.width = `${100 * scores[name]}%`;
    const inner = make("span", {}, bar);
    const row = make("tr", { className: name === strongest ? "strongest" : "" },
      make("th", { scope: "row", textContent: name }),
      make("td", { className: "bar", ariaHidden: "true" }, inner),
      make("td", { className: "share", textContent: percent(scores[name]) }));
    return row;
  });
  return make("table", {}, make("caption", { textContent: title }), make("tbody", {}, ...rows));
}

async function analyseVideo(file, mine) {
  say("Sending the video …");
  byId("progress").removeAttribute("value");
  byId("progress").hidden = byId("cancel").hidden = false;
  const headers = { "Content-Type": "application/octet-stream" };
  const answer = await ask("/v1/emotion/video", { method: "POST", body: file, headers });
  const where = answer.headers.get("Location");
  if (mine !== turn) {
    await ask(where, { method: "DELETE" });
    return;
  }
  underWay = where;
  let video = await answer.json();
  let tenth = 0;
  while (video.status === "waiting" || video.status === "running") {
    if (video.status === "waiting") say("Waiting for its turn …");
    else if (Math.floor(10 * video.progress) > tenth || tenth === 0) { // a screen reader needn't hear each second
      tenth = Math.max(1, Math.floor(10 * video.progress));
      say(video.progress ? `Analysing the video: ${percent(video.progress)}` : "Analysing the video …");
    }
    if (video.progress) byId("progress").value = video.progress;
    await wait(500);
    if (mine !== turn) return;
    video = await (await ask(where)).json();
    if (mine !== turn) return;
  }
  if (video.status === "failed") throw new Error(sentence(video.problem.detail));
  const found = await (await ask(video.result)).json();
  await ask(where, { method: "DELETE" }); // fetched, so it needn't be kept
  if (mine !== turn) return;
  underWay = null;
  byId("progress").hidden = byId("cancel").hidden = true;
  showVideo(found, video.note);
}

function showVideo(found, note) {
  const events = found.fragments.flatMap((fragment) => fragment.events.map(([event], i) => ({
    at: (fragment.start + i * fragment.interval) / found.timescale,
    scores: event.windowMeanScores,
    seen: EMOTIONS.some((name) => event.windowFaceDistribution[name] > 0),
  })));
  const last = found.fragments.at(-1);
  const length = last ? (last.start + last.duration) / found.timescale : 0;
  const player = make("video", { src: shown, controls: true, muted: true });
  player.setAttribute("aria-label", "The video");
  player.addEventListener("error", () => player.replaceWith(make("p", {
    className: "unseen", textContent: "This browser can't play the video; what was found in it is below." })));
  byId("stage").append(player);
  const seen = events.filter((event) => event.seen);
  const mean = Object.fromEntries(EMOTIONS.map((name) =>
    [name, seen.length ? seen.reduce((sum, event) => sum + event.scores[name], 0) / seen.length : 0]));
  const parts = [timeline(events, length, player)];
  if (note) parts.unshift(make("p", { className: "wide note", textContent: sentence(note) }));
  if (seen.length) {
    parts.push(make("article", { className: "card" }, make("h3", { textContent: "Over the whole video" }),
      bars(mean, "Mean share of each emotion")));
  }
  parts.push(secondsTable(events));
  byId("faces").append(...parts);
  const share = events.length ? seen.length / events.length : 0;
  present(`${clock(length)} of video, faces to be seen in ${percent(share)} of it`);
}

function timeline(events, length, player) {
  const chart = draw("svg", {
    viewBox: `0 0 ${length} 1`, preserveAspectRatio: "none", "shape-rendering": "crispEdges", role: "img",
    "aria-label": "Chart; the table of the timeline tells the same",
  });
  events.forEach((event, i) => {
    const width = (events[i + 1]?.at ?? length) - event.at;
    let y = 1;
    for (const name of EMOTIONS) {
      const height = event.seen ? event.scores[name] : 0;
      y -= height;
      if (height > 0) chart.append(draw("rect", { x: event.at, y, width, height, class: name, "stroke-width": 0 }));
    }
  });
  const cursor = draw("line", { x1: 0, x2: 0, y1: 0, y2: 1 });
  chart.append(cursor);
  player.addEventListener("timeupdate", () => {
    cursor.setAttribute("x1", player.currentTime);
    cursor.setAttribute("x2", player.currentTime);
  });
  chart.addEventListener("click", (event) => {
    const { left, width } = chart.getBoundingClientRect();
    player.currentTime = ((event.clientX - left) / width) * length;
  });
  const legend = make("ul", { className: "legend", ariaHidden: "true" }, ...EMOTIONS.map((name) =>
    make("li", {}, make("i", { className: name }), name)));
  const axis = make("div", { className: "axis", ariaHidden: "true" }, ...[0, 0.25, 0.5, 0.75, 1].map((part) =>
    make("span", { textContent: length < 60 ? `${(part * length).toFixed(1)} s` : clock(part * length) })));
  return make("article", { className: "card wide" }, make("h3", { textContent: "Emotions over time" }),
    make("div", { className: "timeline" }, chart), axis, legend);
}

function secondsTable(events) {
  const head = make("tr", {}, ...["second", ...EMOTIONS].map((name) => make("th", { scope: "col", textContent: name })));
  const rows = events.map((event) => make("tr", {},
    make("th", { scope: "row", textContent: event.at.toFixed(1) }),
    ...(event.seen
      ? EMOTIONS.map((name) => make("td", { textContent: percent(event.scores[name]) }))
      : [make("td", { colSpan: EMOTIONS.length, textContent: "no face" })])));
  const table = make("table", {}, make("caption", { textContent: "Mean share of each emotion, from moment to moment" }),
    make("thead", {}, head), make("tbody", {}, ...rows));
  const scroll = make("div", { className: "scroll", tabIndex: 0 }, table);
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Table of the timeline");
  return make("details", { className: "card wide" }, make("summary", { textContent: "The timeline as a table" }), scroll);
}

function present(title) {
  byId("title").textContent = title.charAt(0).toUpperCase() + title.slice(1);
  byId("result").hidden = false;
  say("Done.");
  byId("result").focus({ preventScroll: true });
}

const drop = byId("drop");
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.remove("over"); });
}
document.addEventListener("drop", (event) => {
  const [file] = event.dataTransfer.files;
  if (file) analyse(file);
});
byId("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) analyse(file);
});
byId("form").addEventListener("submit", (event) => event.preventDefault());
byId("cancel").addEventListener("click", () => { clear(); say("Cancelled."); byId("file").focus(); });
byId("clear").addEventListener("click", () => { clear(); byId("form").reset(); byId("file").focus(); });
