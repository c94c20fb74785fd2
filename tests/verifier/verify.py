#!/usr/bin/env python3
"""A second verifier, written from docs/formats alone, with Python's library and the openssl command.

It shares no line with the first one: trees are hashed by the recursive definition of RFC 6962, not by
folding along a path. Reads one JSON object a line, and answers `ok` or `no` a line:

  {"do": "inclusion", "index", "size", "leaf", "hashes", "root"}            hex
  {"do": "consistency", "oldSize", "oldRoot", "size", "root", "hashes"}     hex
  {"do": "checkpoint", "text", "key", "origin"}
  {"do": "followed", "text", "at", "handOvers", "checkpoint", "key", "origin"}
                                          text takes the place of a hand-over, or of the checkpoint at -1
  {"do": "receipt", "text", "key"}
  {"do": "proof", "text", "key"}          a .tlog-proof with its subject
  {"do": "tree", "leaves", "root"}        hex
"""
import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import unicodedata


class No(Exception):
    """What is refused, and why."""


def need(condition, why):
    if not condition:
        raise No(why)


def sha256(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def leaf_hash(data):
    return sha256(b'\x00', data)


def node_hash(left, right):
    return sha256(b'\x01', left, right)


def split(size):
    """The largest power of two smaller than size."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_root(leaves):
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


def path_root(index, size, leaf, hashes):
    """The root that a path leads to, by RFC 6962 §2.1.1 read backwards: the last hash is the topmost."""
    if size == 1:
        need(not hashes, 'path too long')
        return leaf
    need(hashes, 'path too short')
    k = split(size)
    if index < k:
        return node_hash(path_root(index, k, leaf, hashes[:-1]), hashes[-1])
    return node_hash(hashes[-1], path_root(index - k, size - k, leaf, hashes[:-1]))


def check_count(value):
    need(0 <= value < 1 << 63, 'not a count')


def inclusion(index, size, leaf, hashes, root):
    check_count(index)
    check_count(size)
    need(index < size, 'not in the tree')
    need(len(hashes) <= 64, 'path too long')
    need(all(len(each) == 32 for each in [leaf, root, *hashes]), 'a hash of another size')
    need(path_root(index, size, leaf, hashes) == root, 'another root')


def subproof(old, size, hashes, whole, old_root):
    """Old and new root, by SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2 read backwards."""
    if old == size:
        if whole:
            need(not hashes, 'proof too long')
            return old_root, old_root
        need(len(hashes) == 1, 'proof of another length')
        return hashes[0], hashes[0]
    need(hashes, 'proof too short')
    k = split(size)
    if old <= k:
        before, after = subproof(old, k, hashes[:-1], whole, old_root)
        return before, node_hash(after, hashes[-1])
    before, after = subproof(old - k, size - k, hashes[:-1], False, old_root)
    return node_hash(hashes[-1], before), node_hash(hashes[-1], after)


def consistency(old, old_root, size, root, hashes):
    check_count(old)
    check_count(size)
    need(old <= size, 'smaller')
    need(len(hashes) <= 64, 'proof too long')
    need(all(len(each) == 32 for each in [old_root, root, *hashes]), 'a hash of another size')
    if old == 0:
        need(not hashes and old_root == sha256(), 'an empty tree has one root')
        need(size > 0 or root == old_root, 'two roots of one size')
        return
    if old == size:
        need(not hashes and old_root == root, 'two roots of one size')
        return
    before, after = subproof(old, size, hashes, True, old_root)
    need(before == old_root and after == root, 'another root')


def from_base64(text):
    """RFC 4648 §4 with padding, canonical."""
    need(re.fullmatch(r'(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?', text), 'base64')
    data = base64.b64decode(text)
    need(base64.b64encode(data).decode() == text, 'base64 not canonical')
    return data


def decimal(text):
    need(re.fullmatch(r'0|[1-9][0-9]{0,18}', text), 'number')
    value = int(text)
    need(value < 1 << 63, 'number too large')
    return value


def is_name(name):
    if not 0 < len(name.encode('utf-16-le')) // 2 <= 255 or '+' in name:
        return False
    return not any(
        each.isspace() or each == '\ufeff' or unicodedata.category(each) in ('Cc', 'Cs') for each in name
    )


SPKI = bytes.fromhex('302a300506032b6570032100')
known = {}


def signed(public, message, signature):
    """Ed25519 by the openssl command."""
    case = (public, message, signature)
    if case not in known:
        with tempfile.NamedTemporaryFile() as k, tempfile.NamedTemporaryFile() as m, \
                tempfile.NamedTemporaryFile() as s:
            for file, data in ((k, SPKI + public), (m, message), (s, signature)):
                file.write(data)
                file.flush()
            known[case] = subprocess.run(
                ['openssl', 'pkeyutl', '-verify', '-rawin', '-pubin', '-keyform', 'DER', '-inkey', k.name,
                 '-in', m.name, '-sigfile', s.name],
                capture_output=True, check=False).returncode == 0
    return known[case]


def key_id(name, kind, public):
    return sha256(name.encode(), b'\n', bytes([kind]), public)[:4]


def read_key(text):
    match = re.fullmatch(r'([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,128})', text)
    need(match, 'key')
    name, data = match[1], from_base64(match[3])
    need(is_name(name) and len(data) == 33 and data[0] == 1, 'key')
    need(key_id(name, 1, data[1:]).hex() == match[2], 'key hash')
    return name, data[1:]


def read_note(source):
    """Text and signature lines of a signed note."""
    need(len(source.encode('utf-16-le', 'surrogatepass')) // 2 <= 262144, 'too long')
    for each in source:
        need(each == '\n' or ord(each) >= 0x20, 'control character')
        need(unicodedata.category(each) != 'Cs', 'surrogate')
    at = source.rfind('\n\n')
    need(at >= 0 and source.endswith('\n') and len(source) > at + 2, 'note')
    text, lines = source[:at + 1], source[at + 2:-1].split('\n')
    need(len(lines) <= 32, 'signatures')
    read = []
    for line in lines:
        match = re.fullmatch('\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)', line)
        need(match and is_name(match[1]), 'signature line')
        data = from_base64(match[2])
        need(len(data) >= 5, 'signature')
        read.append((match[1], data[:4], data[4:]))
    return text, read


def signatures(text, read, keys):
    """Who of the keys signed: (public key, time or None). Each that claims one of them must be right."""
    found = []
    for signer, hint, data in read:
        for name, public in keys:
            if signer != name:
                continue
            if hint == key_id(name, 1, public):
                need(len(data) == 64 and signed(public, text.encode(), data), 'signature')
                found.append((public, None))
                break
            if hint == key_id(name, 4, public):
                need(len(data) == 72, 'signature')
                stamp = int.from_bytes(data[:8], 'big')
                need(stamp < 1 << 63, 'time')
                message = f'cosignature/v1\ntime {stamp}\n{text}'.encode()
                need(signed(public, message, data[8:]), 'signature')
                found.append((public, stamp))
                break
    return found


def checkpoint(source, keys, origin, ends=None):
    """`keys` are (name, public key); `ends` says after how many leaves a key that was replaced is over."""
    own = [key for key in keys if key[0] == origin]
    need(own, 'key of another ledger')
    text, read = read_note(source)
    found = signatures(text, read, own)
    body = text[:-1].split('\n')
    need(len(body) >= 3 and all(body), 'lines')
    need(body[0] == origin, 'origin')
    size, root = decimal(body[1]), from_base64(body[2])
    need(len(root) == 32, 'root')
    for public, _ in found:
        need(size <= (ends or {}).get(public, size), 'by a key that was replaced')
    need(any(stamp is None for _, stamp in found), 'unsigned')
    seconds = next((stamp for _, stamp in found if stamp is not None), None)
    need(seconds is not None and seconds <= (2 ** 53 - 1) // 1000, 'time')
    return size, root


def hand_over(source, origin):
    """A statement that both of its keys signed: number, time, old key, new key, size."""
    text, read = read_note(source)
    lines = text[:-1].split('\n')
    need(len(lines) == 8 and lines[0] == 'strongroom-handover/v1' and lines[1] == origin, 'hand-over')
    number, time, size = decimal(lines[2]), decimal(lines[3]), decimal(lines[6])
    need(number >= 1 and time < 1 << 53 and len(from_base64(lines[7])) == 32, 'numbers')
    old, new = read_key(lines[4]), read_key(lines[5])
    need(old[0] == origin and new[0] == origin and old[1] != new[1], 'keys')
    plain = {public for public, stamp in signatures(text, read, [old, new]) if stamp is None}
    need(plain == {old[1], new[1]}, 'not by both')
    return number, time, old[1], new[1], size


def follow(sources, key, origin):
    """The keys that hand-overs join to a held one, and where each but the newest ends."""
    chain, ends = [], {}
    before = (0, 0, None, None, 0)
    for source in sources:
        step = hand_over(source, origin)
        need(step[0] == before[0] + 1 and step[1] >= before[1] and step[4] >= before[4], 'order')
        need(before[3] is None or step[2] == before[3], 'another key')
        chain.append(step[2])
        ends[step[2]] = step[4]
        before = step
    chain.append(before[3])
    need(len(set(chain)) == len(chain), 'a key comes back')
    need(key[1] in chain, 'no key that is held')
    return [(origin, public) for public in chain], ends


def receipt(source, key):
    name, public = key
    need(len(source) <= 4096, 'too long')
    fields = source.split(';')
    need(len(fields) == 9 and fields[0] == 'v1', 'fields')
    origin = fields[1]
    need(re.fullmatch(r'[!-~]{1,255}', origin) and not set(origin) & set(';,+'), 'origin')
    need(origin != 'strongroom.receipt/v1', 'origin')
    position, time = decimal(fields[2]), decimal(fields[4])
    start, count = decimal(fields[5]), decimal(fields[6])
    commitment, signature = from_base64(fields[3]), from_base64(fields[8])
    path = [from_base64(each) for each in fields[7].split(',')] if fields[7] else []
    need(len(commitment) == 32 and len(signature) == 68, 'sizes')
    need(all(len(each) == 32 for each in path) and len(path) <= 64, 'path')
    need(time < 1 << 53 and 1 <= count <= 65536, 'numbers')
    need(start <= position < start + count, 'outside its group')
    need(origin == name and signature[:4] == key_id(name, 1, public), 'unsigned')
    root = path_root(position - start, count, leaf_hash(commitment), path)
    encoded = base64.b64encode(root).decode()
    message = f'strongroom.receipt/v1\n{origin}\n{start}\n{count}\n{encoded}\n{time}\n'
    need(signed(public, message.encode(), signature[4:]), 'signature')


TYPES = {'bool': (1, 1), 'datetime': (2, 8), 'decimal': (3, 16), 'dynamic': (4, None), 'guid': (5, 16),
         'int': (6, 4), 'long': (7, 8), 'real': (8, 8), 'string': (9, None), 'timespan': (10, 8)}


def text16(text):
    data = text.encode()
    return len(data).to_bytes(2, 'big') + data


def members(value, names):
    need(isinstance(value, dict) and set(value) == set(names), 'members')
    return [value[name] for name in names]


def text(value):
    need(isinstance(value, str), 'text')
    return value


def number(value, most):
    need(isinstance(value, (int, float)) and not isinstance(value, bool), 'number')
    need(abs(value) < 2 ** 60 and value == int(value) and 0 <= value <= most, 'number')
    return int(value)


def raw(value, size=None):
    data = from_base64(text(value))
    need(size is None or len(data) == size, 'size')
    return data


def hashes_of(value):
    need(isinstance(value, list) and len(value) <= 64, 'path')
    return [raw(each, 32) for each in value]


def read_row(data, columns):
    """The row's own position; every byte belongs to a cell."""
    at = 0

    def take(size):
        nonlocal at
        need(at + size <= len(data), 'row cut off')
        at += size
        return data[at - size:at]

    for name, kind in columns:
        need(kind in TYPES, 'type')
        size = TYPES[kind][1]
        if size is None:
            length = shift = 0
            while True:
                need(shift < 35, 'length')
                byte = take(1)[0]
                length |= (byte & 0x7f) << shift
                if byte < 0x80:
                    need(byte or not shift, 'length not the shortest')
                    break
                shift += 7
            take(length)
        elif name == 'TimeGenerated':
            take(size)
        else:
            flag = take(1)[0]
            need(flag in (0, 1), 'null flag')
            if flag == 0:
                take(size)
    take(8)
    position = int.from_bytes(take(8), 'little')
    take(8)
    need(at == len(data), 'bytes after the row')
    return position


def unique(pairs):
    return dict(pairs)


def proof(source, key):
    need(len(source.encode('utf-16-le', 'surrogatepass')) // 2 <= 6291456, 'too long')
    at = source.find('\n\n')
    need(at >= 0, 'blank line')
    lines, note = source[:at].split('\n'), source[at + 2:]
    need(lines.pop(0) == 'c2sp.org/tlog-proof@v1', 'version')
    need(lines and lines[0].startswith('extra '), 'nothing to prove')
    extra_text = lines.pop(0)[6:]
    need(lines and lines[0].startswith('index '), 'index')
    index = decimal(lines.pop(0)[6:])
    need(len(lines) <= 64, 'path')
    hashes = [from_base64(line) for line in lines]
    need(all(len(each) == 32 for each in hashes), 'path')
    extra = from_base64(extra_text)
    need(len(extra) <= 4194304, 'too much')
    try:
        subject = json.loads(extra.decode('utf-8'), object_pairs_hook=unique, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise No('json') from error
    need(isinstance(subject, dict), 'object')
    head = ['strongroom', 'kind', 'journal', 'position', 'time', 'salt', 'payloadHash']
    kind = subject.get('kind')
    if kind == 'entry':
        values = members(subject, [*head, 'metadataHash'])
        metadata_hash = raw(values[7], 32)
    else:
        need(kind == 'row', 'kind')
        values = members(subject, [*head, 'metadata', 'part', 'columns', 'row'])
        metadata = raw(values[7])
        metadata_hash = sha256(metadata)
    need(values[0] == 'proof/v1', 'version')
    journal = text(values[2]).encode('utf-8', 'replace')
    position, time = decimal(text(values[3])), number(values[4], 2 ** 53 - 1)
    salt, payload_hash = raw(values[5], 32), raw(values[6], 32)
    if kind == 'row':
        table, shape, day, where, rows, root, part_index, part_path = members(
            values[8], ['table', 'shape', 'day', 'position', 'rows', 'root', 'index', 'path'])
        table, shape, day, where = text(table), raw(shape, 32), decimal(text(day)), decimal(text(where))
        rows, root = number(rows, 2 ** 32 - 1), raw(root, 32)
        part_index, part_path = number(part_index, 2 ** 32 - 1), hashes_of(part_path)
        need(isinstance(values[9], list), 'columns')
        columns = []
        for each in values[9]:
            need(isinstance(each, list) and len(each) == 2, 'column')
            columns.append((text(each[0]), text(each[1])))
        row, row_index, row_path = members(values[10], ['bytes', 'index', 'path'])
        row, row_index, row_path = raw(row), number(row_index, 2 ** 32 - 1), hashes_of(row_path)
    need(position == index, 'another leaf')
    origin = f'strongroom/{text(values[2])}'
    size, tree = checkpoint(note, [key], origin)
    commitment = sha256(
        b'strongroom/entry/v1\0', (len(journal) & 0xffff).to_bytes(2, 'big'), journal,
        position.to_bytes(8, 'big'), time.to_bytes(8, 'big'), salt, metadata_hash, payload_hash)
    inclusion(index, size, leaf_hash(commitment), hashes, tree)
    if kind == 'entry':
        return
    need(metadata[:2] == b'\x01\x02' and len(metadata) >= 6, 'metadata')
    flags, length = int.from_bytes(metadata[2:4], 'big'), int.from_bytes(metadata[4:6], 'big')
    need(flags == 1 and len(metadata) == 6 + length + 36, 'metadata')
    need(metadata[6:6 + length] in (b'rowsCommitted', b'tablePurged'), 'record')
    count = int.from_bytes(metadata[6 + length:10 + length], 'big')
    part = (b'strongroom/rows/v1\0' + text16(table) + shape + day.to_bytes(8, 'big')
            + where.to_bytes(8, 'big') + rows.to_bytes(4, 'big') + root)
    inclusion(part_index, count, leaf_hash(part), part_path, metadata[10 + length:])
    listed = b''.join(bytes([TYPES.get(kind, (0,))[0]]) + text16(name) for name, kind in columns)
    need(sha256(b'strongroom/shape/v1\0', listed) == shape, 'columns')
    leaf = leaf_hash(b'strongroom/row/v1\0' + row)
    inclusion(row_index, rows, leaf, row_path, root)
    need(read_row(row, columns) == where, 'a row of another entry')


def run(case):
    def data(name):
        return bytes.fromhex(case[name])

    def path():
        return [bytes.fromhex(each) for each in case['hashes']]

    do = case['do']
    if do == 'inclusion':
        inclusion(int(case['index']), int(case['size']), data('leaf'), path(), data('root'))
    elif do == 'consistency':
        consistency(int(case['oldSize']), data('oldRoot'), int(case['size']), data('root'), path())
    elif do == 'tree':
        leaves = [bytes.fromhex(each) for each in case['leaves']]
        need(tree_root([leaf_hash(each) for each in leaves]) == data('root'), 'another root')
    elif do == 'checkpoint':
        checkpoint(case['text'], [read_key(case['key'])], case['origin'])
    elif do == 'followed':
        statements = list(case['handOvers'])
        if case['at'] >= 0:
            statements[case['at']] = case['text']
        keys, ends = follow(statements, read_key(case['key']), case['origin'])
        note = case['text'] if case['at'] < 0 else case['checkpoint']
        checkpoint(note, keys, case['origin'], ends)
    elif do == 'receipt':
        receipt(case['text'], read_key(case['key']))
    elif do == 'proof':
        proof(case['text'], read_key(case['key']))
    else:
        raise ValueError(do)


def main():
    for line in sys.stdin:
        try:
            run(json.loads(line))
            print('ok', flush=True)
        except No as why:
            print(f'no {why}', flush=True)


if __name__ == '__main__':
    main()
