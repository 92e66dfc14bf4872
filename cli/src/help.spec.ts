import type { Command } from 'commander';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  aboutTheMesh,
  aboutWorkloads,
  forOperators,
  listWorkloads,
  render,
  webhook,
} from './command-table.ts';
import { testCli } from './fixtures/test-cli.ts';
import { createProgram } from './run.ts';

const all = [...aboutTheMesh, render, listWorkloads, ...aboutWorkloads, webhook, ...forOperators];

const withNested = (command: Command): Command[] => [
  command,
  ...command.commands.flatMap(withNested),
];

describe('the help of every command', () => {
  it('shows at most one default of an option or argument, in words for people', async () => {
    const names = all.map(({ name }) => name);
    const { command: program } = await createProgram(testCli().cli, names);
    const commands = withNested(program);
    expect(commands).to.have.lengthOf.greaterThan(all.length);
    for (const command of commands) {
      const help = command.createHelp();
      const texts = [
        ...command.options.map((option) => [option.flags, help.optionDescription(option)]),
        ...command.registeredArguments.map((argument) => [
          argument.name(),
          help.argumentDescription(argument),
        ]),
      ];
      for (const [name = '', text = ''] of texts) {
        const shown = `${command.name()} ${name}: ${text}`;
        expect(text.match(/\(default|by default/g)?.length ?? 0, shown).to.be.lessThan(2);
        expect(shown).not.to.match(/default: (?:""|\[\]|0\)|0,|\d{5,})/);
      }
    }
  });
});
