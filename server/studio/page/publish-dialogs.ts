import { sendableCodecs } from '../../../client-sdk/index.ts';
import type { Delivery } from '../../../client-sdk/protocol/publish.ts';
import type { CameraWish } from '../session/camera-publication.ts';
import { element, say } from './element.ts';

/** What the reader of the page wants to publish. */
export interface FileWish {
  readonly file: File;
  readonly stream: string;
  readonly delivery: Delivery;
}

export interface PublishDialogsOptions {
  readonly onFile: (wish: FileWish) => void;
  /** Rejects, before anything is published, with words that the dialog shows. */
  readonly onCamera: (wish: CameraWish) => Promise<void>;
}

/** Opens the two dialogs from their buttons and passes on what they were filled with. */
export function connectPublishDialogs(options: PublishDialogsOptions): void {
  connectFileDialog(options.onFile);
  connectCameraDialog(options.onCamera);
  for (const button of document.querySelectorAll<HTMLButtonElement>('dialog [data-close]'))
    button.addEventListener('click', () => button.closest('dialog')?.close());
}

function connectFileDialog(onFile: (wish: FileWish) => void): void {
  const dialog = element('file-dialog', HTMLDialogElement);
  const form = element('file-form', HTMLFormElement);
  const input = element('file-input', HTMLInputElement);
  const stream = element('file-stream', HTMLInputElement);
  const drop = element('drop', HTMLElement);
  element('open-file', HTMLButtonElement).addEventListener('click', () => {
    if (stream.value === '') stream.value = 'studio-file';
    dialog.showModal();
  });
  const showName = () => {
    const [file] = input.files ?? [];
    say(element('drop-text', HTMLElement), file?.name ?? 'Choose a video or drop one here');
  };
  input.addEventListener('change', showName);
  for (const type of ['dragover', 'dragleave', 'drop'] as const)
    drop.addEventListener(type, () => {
      drop.dataset.over = String(type === 'dragover');
    });
  form.addEventListener('submit', () => {
    const [file] = input.files ?? [];
    const delivery = new FormData(form).get('delivery') === 'complete' ? 'complete' : 'live';
    if (file !== undefined) onFile({ file, stream: stream.value, delivery });
  });
}

function connectCameraDialog(onCamera: (wish: CameraWish) => Promise<void>): void {
  const dialog = element('camera-dialog', HTMLDialogElement);
  const form = element('camera-form', HTMLFormElement);
  const stream = element('camera-stream', HTMLInputElement);
  const problem = element('camera-problem', HTMLElement);
  element('open-camera', HTMLButtonElement).addEventListener('click', () => {
    if (stream.value === '') stream.value = 'studio-camera';
    say(problem, '');
    offerCodecs(form);
    dialog.showModal();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const chosen = new FormData(form).get('codec');
    const codec = sendableCodecs().find((each) => each === chosen) ?? 'h264';
    onCamera({ stream: stream.value, codec }).then(
      () => dialog.close(),
      (error: unknown) => say(problem, error instanceof Error ? error.message : String(error)),
    );
  });
}

/** Disables what this browser does not send; where it sends nothing, the WebSocket takes H.264. */
function offerCodecs(form: HTMLFormElement): void {
  const sendable: readonly string[] = sendableCodecs();
  for (const input of form.querySelectorAll<HTMLInputElement>('input[name="codec"]')) {
    input.disabled = !sendable.includes(input.value);
    if (input.disabled && input.checked) input.checked = false;
  }
  const first = form.querySelector<HTMLInputElement>('input[name="codec"]:enabled');
  if (first !== null && form.querySelector('input[name="codec"]:checked') === null) first.checked = true;
}
