/** Compiles each program into one executable in dist/, which needs nothing else to run. */
const PROGRAMS = ["echo"];

for (const name of PROGRAMS) {
  await Bun.build({
    entrypoints: [`${import.meta.dir}/${name}.ts`],
    minify: true,
    bytecode: true,
    format: "esm",
    compile: { outfile: `${import.meta.dir}/dist/${name}` },
  });
  console.log(`dist/${name}`);
}

export {};
