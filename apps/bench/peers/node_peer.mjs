// What the peers of taskactor-bench that are written in JavaScript share: their command line, packages and clock.
//
//     PEER.mjs PACKAGES WORK SIZE    PACKAGES: the folder that npm has put the packages into
//     PEER.mjs PACKAGES --about
import { createRequire } from "node:module";
import path from "node:path";

const [folder, work, size] = process.argv.slice(2);

/// So many jobs are pushed at once.
export const TOGETHER = 1000;

export function fail(why) {
  console.error(why);
  process.exit(1);
}

export function load(name) {
  try {
    return createRequire(path.resolve(folder, "package.json"))(name);
  } catch (error) {
    fail(`no ${name} in ${folder} (npm install --prefix ${folder} ${name}): ${error.message}`);
  }
}

/// Of a package.
export const version = (name) => load(`${name}/package.json`).version;

/// The address of the server of a work, in the variable of that name.
export function server(variable) {
  return process.env[variable] || fail(`${variable} isn't set: there is no server to ask`);
}

export const seconds = (from) => Number(process.hrtime.bigint() - from) / 1e9;

/// Runs one of the works, or says what there is. `about` says the version, and is called for `--about` alone.
export async function main(name, about, works) {
  if (work === "--about") {
    console.log(JSON.stringify({
      name, version: `${about()}, Node.js ${process.versions.node}`, works: Object.keys(works),
    }));
    process.exit(0);
  }
  if (!(work in works) || !(size > 0))
    fail(`usage: ${path.basename(process.argv[1])} PACKAGES (${Object.keys(works).join(" | ")}) SIZE`);
  console.log(JSON.stringify(await works[work](Number(size))));
  process.exit(0);
}
