// Packs the files of a folder with an archiver of Node: node pack.cjs WRITER MODULES FOLDER OUT
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");
const { pathToFileURL } = require("url");

const [writer, modules, folder, out] = process.argv.slice(2);
const fetched = createRequire(path.join(modules, "package.json"));

const files = fs
  .readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.join(entry.path, entry.name))
  .sort()
  .map((place) => ({ place, name: path.relative(folder, place), data: fs.readFileSync(place) }));

function written(stream) {
  return new Promise((resolve, reject) => {
    stream.pipe(fs.createWriteStream(out)).on("close", resolve).on("error", reject);
  });
}

async function archiver(options, isStreamed) {
  const { ZipArchive } = await import(pathToFileURL(fetched.resolve("archiver")));
  const archive = new ZipArchive(options);
  const done = written(archive);
  for (const { place, name, data } of files) archive.append(isStreamed ? fs.createReadStream(place) : data, { name });
  await archive.finalize();
  await done;
}

async function admZip() {
  const archive = new (fetched("adm-zip"))();
  for (const { name, data } of files) archive.addFile(name, data);
  archive.writeZip(out);
}

async function jszip(options) {
  const archive = new (fetched("jszip"))();
  for (const { name, data } of files) archive.file(name, data);
  fs.writeFileSync(out, await archive.generateAsync({ type: "nodebuffer", ...options }));
}

async function yazl(options, isStreamed) {
  const archive = new (fetched("yazl").ZipFile)();
  const done = written(archive.outputStream);
  for (const { place, name, data } of files) {
    if (isStreamed) archive.addFile(place, name, options);
    else archive.addBuffer(data, name, options);
  }
  archive.end({ forceZip64Format: Boolean(options.forceZip64Format) });
  await done;
}

const writers = {
  "archiver": () => archiver({}, false),
  "archiver streamed": () => archiver({}, true),
  "archiver stored": () => archiver({ store: true }, false),
  "archiver zip64": () => archiver({ forceZip64: true }, true),
  "adm-zip": admZip,
  "jszip": () => jszip({ compression: "DEFLATE", platform: "UNIX" }),
  "jszip stored": () => jszip({ compression: "STORE" }),
  "jszip streamed": () => jszip({ compression: "DEFLATE", streamFiles: true }),
  "yazl": () => yazl({}, false),
  "yazl streamed": () => yazl({}, true),
  "yazl stored": () => yazl({ compress: false }, true),
  "yazl zip64": () => yazl({ forceZip64Format: true }, true),
};

writers[writer]().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
