/** The colours of the style sheet that canvases need, and their small type. */
export const THEME = {
  night: '#0b0a0d',
  film: '#211d28',
  line: '#3a3640',
  faint: '#8d8794',
  paper: '#efe9dc',
  lamp: '#ffb545',
  motion: '#63d2c4',
  alarm: '#ff6d5a',
  smallFont: '10px ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
} as const;
