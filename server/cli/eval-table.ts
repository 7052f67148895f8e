import { FIGURE_NAMES, FIGURES, type FigureName, type Figures } from '../../pipeline/eval/figures.ts';

/** A column of the table. */
export interface EvalColumn {
  readonly title: string;
  /** Those that the table shows. */
  readonly figures: Partial<Figures>;
}

const WIDEST_TITLE = 20;

/** A table of figures as text: one line for each. */
export function evalTable(
  columns: readonly EvalColumn[],
  names: readonly FigureName[] = FIGURE_NAMES,
): string {
  const rows = [
    ['', '', ...columns.map(({ title }) => shorten(title))],
    ...names.map((name) => [
      FIGURES[name].label,
      FIGURES[name].unit,
      ...columns.map(({ figures }) => formatFigure(name, figures[name] ?? null)),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]): string =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

/** Every figure with its definition, one paragraph each. */
export const figureDefinitions = (): string =>
  FIGURE_NAMES.map((name) => {
    const { label, unit, definition } = FIGURES[name];
    return `  ${name}: ${label}${unit && ` (${unit})`}. ${definition}`;
  }).join('\n');

const formatFigure = (name: FigureName, value: number | null): string =>
  value === null ? '-' : value.toFixed(FIGURES[name].digits);

const shorten = (title: string): string =>
  title.length <= WIDEST_TITLE ? title : `…${title.slice(1 - WIDEST_TITLE)}`;
