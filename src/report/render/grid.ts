/** Rows and columns without a frame: npm `table` measures, aligns and breaks the cells; here is how ours look. */
import { getBorderCharacters, table } from 'table';
import { visibleLength } from './text.ts';

const GAP = 2;

export interface GridColumn {
  readonly title: string;
  readonly alignment?: 'left' | 'right';
}

/**
 * The lines of a table of at most `width` columns. When the cells need more, the first column (the endpoint) gives way and is broken;
 * no cell is ever cut.
 */
export function grid(columns: readonly GridColumn[], rows: readonly (readonly string[])[], width: number): string[] {
  const all = [columns.map((column) => column.title), ...rows.map((row) => [...row])];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => cellWidth(row[index] ?? ''))));
  const others = widths.slice(1).reduce((sum, cell) => sum + cell + GAP, 0);
  const first = Math.max(12, Math.min(widths[0] ?? 0, width - others));
  const text = table(all, {
    border: getBorderCharacters('void'),
    columnDefault: { paddingLeft: 0, paddingRight: GAP },
    columns: columns.map((column, index) => ({
      width: index === 0 ? first : (widths[index] ?? 1),
      wrapWord: true,
      alignment: column.alignment ?? 'left',
    })),
    drawHorizontalLine: () => false,
  });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** A cell may have several lines. */
function cellWidth(cell: string): number {
  return Math.max(1, ...cell.split('\n').map(visibleLength));
}
