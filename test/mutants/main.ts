/** `make mutants`: plants each defect in a copy of the tree and tells what caught it. Fails when one goes unnoticed. */
import { copyTree, listMutants } from './mutants.ts';

const [only = ''] = process.argv.slice(2);
await using copy = await copyTree();
let unnoticed = 0;
for (const mutant of await listMutants()) {
  if (!mutant.name.includes(only)) {
    continue;
  }
  const began = performance.now();
  await copy.plant(mutant);
  const { isCaught, how } = await copy.isCaught(mutant);
  await copy.pull(mutant);
  if (!isCaught) {
    unnoticed += 1;
  }
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `${isCaught ? 'caught   ' : 'UNNOTICED'}  ${mutant.name.padEnd(40)} ${seconds.padStart(6)} s  ${how.slice(0, 140)}`,
  );
}
console.log(unnoticed === 0 ? 'all were caught' : `${unnoticed} went unnoticed`);
process.exitCode = unnoticed === 0 ? 0 : 1;
