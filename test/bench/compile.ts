/** Compiles a program to an executable, with the options of `build.ts`. */
export async function compile(source: string, outfile: string): Promise<string> {
  await Bun.build({
    entrypoints: [source],
    minify: true,
    bytecode: true,
    format: "esm",
    throw: true,
    compile: { outfile },
  });
  return outfile;
}
