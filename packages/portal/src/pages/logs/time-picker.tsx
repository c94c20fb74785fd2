import { useState } from 'react';
import type { TimeRange } from '../../logic/timespan.js';
import {
  boundsOf,
  inputOfInstant,
  instantOfInput,
  labelOf,
  timePresets,
} from '../../logic/timespan.js';
import type { Zone } from '../../logic/values.js';
import { Icon } from '../../parts/icon.js';
import { Popover } from '../../parts/popover.js';

interface TimePickerProps {
  readonly range: TimeRange;
  readonly zone: Zone;
  readonly onChange: (range: TimeRange) => void;
}

export function TimePicker({ range, zone, onChange }: TimePickerProps) {
  const label = labelOf(range, zone);
  return (
    <Popover
      label={`Time range: ${label}`}
      button={
        <>
          <Icon name="clock" size={15} />
          <span>{label}</span>
          <Icon name="down" size={13} />
        </>
      }
    >
      {(close) => (
        <div className="time-picker">
          <div className="time-presets" role="listbox" aria-label="Time range">
            {timePresets.map((preset) => (
              <button
                key={preset.duration}
                type="button"
                role="option"
                aria-selected={range.kind === 'last' && range.duration === preset.duration}
                onClick={() => {
                  onChange({ kind: 'last', duration: preset.duration });
                  close();
                }}
              >
                {preset.label}
              </button>
            ))}
            <button
              type="button"
              role="option"
              aria-selected={range.kind === 'query'}
              onClick={() => {
                onChange({ kind: 'query' });
                close();
              }}
            >
              Set in query
            </button>
          </div>
          <CustomRange
            range={range}
            zone={zone}
            onApply={(next) => {
              onChange(next);
              close();
            }}
          />
        </div>
      )}
    </Popover>
  );
}

function CustomRange(props: {
  readonly range: TimeRange;
  readonly zone: Zone;
  readonly onApply: (range: TimeRange) => void;
}) {
  const { range, zone } = props;
  const [initial] = useState(() => {
    const now = Date.now();
    return boundsOf(range, now) ?? { fromMs: now - 86_400_000, toMs: now };
  });
  const [from, setFrom] = useState(inputOfInstant(initial.fromMs, zone));
  const [to, setTo] = useState(inputOfInstant(initial.toMs, zone));
  const start = instantOfInput(from, zone);
  const end = instantOfInput(to, zone);
  const valid = start !== undefined && end !== undefined && start < end;
  return (
    <form
      className="time-custom"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) props.onApply({ kind: 'between', from: start, to: end });
      }}
    >
      <h3>Custom range, {zone === 'utc' ? 'UTC' : 'local time'}</h3>
      <label>
        From
        <input
          type="datetime-local"
          step={1}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
      </label>
      <label>
        To
        <input
          type="datetime-local"
          step={1}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </label>
      {!valid && <p className="form-error">The start must be before the end.</p>}
      <button type="submit" className="button primary" disabled={!valid}>
        Apply
      </button>
    </form>
  );
}
