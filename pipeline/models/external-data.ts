/**
 * Looks through an ONNX model for tensors whose numbers lie in another file. Walks the protobuf messages that can
 * hold tensors; the field numbers are those of onnx.proto (ONNX IR specification, ModelProto and below).
 */
type MessageName = 'model' | 'graph' | 'function' | 'node' | 'attribute' | 'sparse' | 'training' | 'tensor';

const CHILDREN: Record<MessageName, Readonly<Record<number, MessageName>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};
const TENSOR_EXTERNAL_DATA = 13;
const TENSOR_DATA_LOCATION = 14;

const LENGTH_OF_FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Whether any tensor of a serialized ONNX model refers to another file. Throws where the bytes are not protobuf. */
export const hasExternalData = (model: Uint8Array): boolean => isExternal(model, 'model');

function isExternal(bytes: Uint8Array, name: MessageName): boolean {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[offset++];
      if (byte === undefined) throw new Error('the model ends inside a number');
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
      if (shift > 2 ** 63) throw new Error('the model holds a number of more than ten bytes');
    }
  };
  while (offset < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) {
      const value = varint();
      if (name === 'tensor' && field === TENSOR_DATA_LOCATION && value === 1) return true;
      continue;
    }
    const length = wireType === 2 ? varint() : LENGTH_OF_FIXED[wireType];
    if (length === undefined)
      throw new Error(`the model holds wire type ${wireType}; allowed are 0, 1, 2 and 5`);
    if (offset + length > bytes.length) throw new Error('the model ends inside a field');
    if (name === 'tensor' && field === TENSOR_EXTERNAL_DATA) return true;
    const child = wireType === 2 ? CHILDREN[name][field] : undefined;
    if (child !== undefined && isExternal(bytes.subarray(offset, offset + length), child)) return true;
    offset += length;
  }
  return false;
}
