/** `convert_…(value, from, to)`: units by their factor to the family's base. */

import { infix, nullOf, real, type Expression as Sql } from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import type { FunctionRow } from './row.js';

const factors: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  angle: {
    Arcminute: Math.PI / 10_800,
    Arcsecond: Math.PI / 648_000,
    Centiradian: 0.01,
    Deciradian: 0.1,
    Degree: Math.PI / 180,
    Gradian: Math.PI / 200,
    Microdegree: Math.PI / 180e6,
    Microradian: 1e-6,
    Millidegree: Math.PI / 180e3,
    Milliradian: 1e-3,
    Nanodegree: Math.PI / 180e9,
    Nanoradian: 1e-9,
    NatoMil: Math.PI / 3200,
    Radian: 1,
    Revolution: 2 * Math.PI,
    Tilt: Math.PI / 2,
  },
  force: {
    Decanewton: 10,
    Dyn: 1e-5,
    KilogramForce: 9.80665,
    Kilonewton: 1e3,
    KiloPond: 9.80665,
    KilopoundForce: 4448.2216152605,
    Meganewton: 1e6,
    Micronewton: 1e-6,
    Millinewton: 1e-3,
    Newton: 1,
    OunceForce: 0.2780138509537812,
    Poundal: 0.138254954376,
    PoundForce: 4.4482216152605,
    ShortTonForce: 8896.443230521,
    TonneForce: 9806.65,
  },
  length: {
    Centimeter: 0.01,
    Decimeter: 0.1,
    Foot: 0.3048,
    Hectometer: 100,
    Inch: 0.0254,
    Kilometer: 1e3,
    Meter: 1,
    Micrometer: 1e-6,
    Mile: 1609.344,
    Millimeter: 1e-3,
    Nanometer: 1e-9,
    NauticalMile: 1852,
    Yard: 0.9144,
  },
  mass: {
    Centigram: 1e-5,
    Decagram: 1e-2,
    Decigram: 1e-4,
    Gram: 1e-3,
    Kilogram: 1,
    Microgram: 1e-9,
    Milligram: 1e-6,
    Nanogram: 1e-12,
    Ounce: 0.028349523125,
    Pound: 0.45359237,
    Stone: 6.35029318,
    Tonne: 1e3,
  },
  speed: {
    CentimeterPerHour: 0.01 / 3600,
    CentimeterPerMinute: 0.01 / 60,
    CentimeterPerSecond: 0.01,
    KilometerPerMinute: 1e3 / 60,
    FootPerHour: 0.3048 / 3600,
    FootPerMinute: 0.3048 / 60,
    FootPerSecond: 0.3048,
    KilometerPerHour: 1 / 3.6,
    KilometerPerSecond: 1e3,
    Knot: 1852 / 3600,
    MeterPerHour: 1 / 3600,
    MeterPerMinute: 1 / 60,
    MeterPerSecond: 1,
    MilePerHour: 0.44704,
    MillimeterPerSecond: 1e-3,
    YardPerSecond: 0.9144,
  },
  volume: {
    AcreFoot: 1233.48183754752,
    CubicKilometer: 1e9,
    CubicMile: 4168181825.44058,
    CubicCentimeter: 1e-6,
    CubicDecimeter: 1e-3,
    CubicFoot: 0.028316846592,
    CubicInch: 1.6387064e-5,
    CubicMeter: 1,
    CubicMillimeter: 1e-9,
    CubicYard: 0.764554857984,
    Centiliter: 1e-5,
    Deciliter: 1e-4,
    Hectoliter: 0.1,
    Kiloliter: 1,
    Liter: 1e-3,
    Microliter: 1e-9,
    Milliliter: 1e-6,
    UsGallon: 0.003785411784,
    ImperialGallon: 0.00454609,
    UsOunce: 2.95735295625e-5,
    UsPint: 0.000473176473,
    UsQuart: 0.000946352946,
  },
  energy: {
    Joule: 1,
    Kilojoule: 1e3,
    Megajoule: 1e6,
    Gigajoule: 1e9,
    Calorie: 4.184,
    Kilocalorie: 4184,
    WattHour: 3600,
    KilowattHour: 3.6e6,
    MegawattHour: 3.6e9,
    ElectronVolt: 1.602176634e-19,
    Erg: 1e-7,
    BritishThermalUnit: 1055.05585262,
  },
};

/** Kelvin of a unit: `(value + before) * factor`. */
const temperatures: Readonly<Record<string, { readonly before: number; readonly factor: number }>> =
  {
    Kelvin: { before: 0, factor: 1 },
    DegreeCelsius: { before: 273.15, factor: 1 },
    DegreeFahrenheit: { before: 459.67, factor: 5 / 9 },
    DegreeRankine: { before: 0, factor: 5 / 9 },
  };

function named(of: Bound | undefined): string {
  return of?.kind === 'constant' ? String(of.value) : '';
}

function row(
  name: string,
  make: (value: Sql, from: string, to: string) => Sql | undefined,
): FunctionRow {
  return {
    name,
    takes: 'real, string, string',
    gives: 'real',
    nulls: 'always',
    constants: [1, 2],
    sql: (args, context) =>
      make(args[0] as Sql, named(context.args[1]), named(context.args[2])) ??
      nullOf('Nullable(Float64)'),
  };
}

export const unitRows: readonly FunctionRow[] = [
  ...Object.entries(factors).map(([family, units]) =>
    row(`convert_${family}`, (value, from, to) => {
      const [a, b] = [
        Object.hasOwn(units, from) ? units[from] : undefined,
        Object.hasOwn(units, to) ? units[to] : undefined,
      ];
      return a === undefined || b === undefined ? undefined : infix('*', value, real(a / b));
    }),
  ),
  row('convert_temperature', (value, from, to) => {
    const [a, b] = [
      Object.hasOwn(temperatures, from) ? temperatures[from] : undefined,
      Object.hasOwn(temperatures, to) ? temperatures[to] : undefined,
    ];
    if (a === undefined || b === undefined) return undefined;
    return infix(
      '-',
      infix('/', infix('*', infix('+', value, real(a.before)), real(a.factor)), real(b.factor)),
      real(b.before),
    );
  }),
];
