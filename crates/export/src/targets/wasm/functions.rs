//! The functions' instructions.
//!
//! A *cell* is day · 24 + hour, −1 where there is none. Beside each group of instructions stands what it computes.

use knowatt_score::DayClasses;
use wasm_encoder::{
    BlockType, Function, InstructionSink, MemArg, MemArgTarget,
    ValType::{self, F64, I32, I64},
};

use super::{Compiled, Memory};
use crate::{
    clock::Clock,
    export::Export,
    flat::{self, functions as features},
};

// The places of the functions that others call.
const CURVE: u32 = 0;
const FEATURE: u32 = 1;
const HIGHER: u32 = 2;
const CELL: u32 = 3;
const CELL_AT: u32 = 4;
const IS_HOLIDAY: u32 = 5;

/// All functions, in the order of the places above.
pub(super) fn all(export: &Export<'_>, memory: &Memory) -> Vec<Compiled> {
    let days = export.days() as f64;
    let cells = count(&export.level().cells);
    let mut all = vec![
        internal([I32, F64], F64, curve(memory)),
        internal([I32, I32, F64], F64, feature(cells)),
        internal([F64, F64], F64, higher()),
        internal([F64, F64], I32, cell(days)),
        internal([F64], I32, cell_at(&export.clock, memory)),
        internal([I32], I32, is_holiday(&export.clock, memory)),
        exported("score", 3, score()),
        exported("score_hour", 2, score_hour(days)),
        exported("score_at", 2, score_at()),
    ];
    for function in features(export).iter().filter(|function| !function.arguments.is_empty()) {
        all.push(exported(function.name, 2 + function.arguments.len(), highest(function)));
    }
    all
}

fn internal<const N: usize>(parameters: [ValType; N], result: ValType, body: Function) -> Compiled {
    Compiled { exported: None, parameters: parameters.into(), result, body }
}

fn exported(name: &'static str, parameters: usize, body: Function) -> Compiled {
    Compiled { exported: Some(name), parameters: vec![F64; parameters], result: F64, body }
}

/// A body with further locals of these types, the first after the parameters.
fn body<const N: usize>(locals: [ValType; N], write: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut body = Function::new_with_locals_types(locals);
    let mut code = body.instructions();
    write(&mut code);
    code.end();
    body
}

/// What a load takes: a table's address, and the logarithm of its numbers' width.
fn word(table: u64, align: u32) -> MemArg {
    MemArg { offset: table, align, target: MemArgTarget::Memory(0), ordering: None }
}

/// Puts the number on the stack that a table of `f64` has at the place in a local.
fn f64_at(code: &mut InstructionSink<'_>, table: u64, place: u32) {
    code.local_get(place).i32_const(3).i32_shl().f64_load(word(table, 3));
}

/// The same of `i64`.
fn i64_at(code: &mut InstructionSink<'_>, table: u64, place: u32) {
    code.local_get(place).i32_const(3).i32_shl().i64_load(word(table, 3));
}

/// The same of `i32`.
fn i32_at(code: &mut InstructionSink<'_>, table: u64, place: u32) {
    code.local_get(place).i32_const(2).i32_shl().i32_load(word(table, 2));
}

/// Moves the locals `left` and `right` together until they are neighbours: `left` to the middle between them
/// where `is_right` puts true on the stack, else `right`.
fn search(
    code: &mut InstructionSink<'_>,
    [left, right, middle]: [u32; 3],
    is_right: impl FnOnce(&mut InstructionSink<'_>),
) {
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(right).local_get(left).i32_sub().i32_const(1).i32_le_s().br_if(1);
    code.local_get(left).local_get(right).i32_add().i32_const(1).i32_shr_u().local_set(middle);
    is_right(code);
    code.if_(BlockType::Empty).local_get(middle).local_set(left);
    code.else_().local_get(middle).local_set(right).end();
    code.br(0).end().end();
}

/// `(cell, wh)`: the score of a Wh that is a reading, on any of the curves of all features.
fn curve(memory: &Memory) -> Function {
    let [cell, wh, left, right, last, middle, line, most] = [0, 1, 2, 3, 4, 5, 6, 7];
    body([I32, I32, I32, I32, F64, F64], |code| {
        i32_at(code, memory.starts, cell);
        code.local_set(left);
        code.local_get(cell).i32_const(1).i32_add().local_set(last); // the next curve, for a moment
        i32_at(code, memory.starts, last);
        code.i32_const(1).i32_sub().local_tee(last).local_set(right);
        search(code, [left, right, middle], |code| {
            f64_at(code, memory.wh, middle);
            code.local_get(wh).f64_le();
        });
        // s0 + (wh - w0) * (s1 - s0) / (w1 - w0)
        f64_at(code, memory.scores, left);
        code.local_get(wh);
        f64_at(code, memory.wh, left);
        code.f64_sub();
        f64_at(code, memory.scores, right);
        f64_at(code, memory.scores, left);
        code.f64_sub().f64_mul();
        f64_at(code, memory.wh, right);
        f64_at(code, memory.wh, left);
        code.f64_sub().f64_div().f64_add().local_set(line);
        // At most s1, or the largest double after the last knot.
        f64_at(code, memory.scores, right);
        code.f64_const(f64::MAX.into()).local_get(right).local_get(last).i32_lt_s().select().local_set(most);
        code.local_get(most).local_get(line).local_get(line).local_get(most).f64_gt().select();
    })
}

/// `(feature, cell, wh)`: the score by a feature, NaN where there is none.
fn feature(cells: i32) -> Function {
    let [feature, cell, wh] = [0, 1, 2];
    body([], |code| {
        code.local_get(cell).i32_const(0).i32_ge_s();
        code.local_get(wh).f64_const(0.0.into()).f64_ge().i32_and();
        code.local_get(wh).f64_const(f64::MAX.into()).f64_le().i32_and();
        code.if_(BlockType::Result(F64));
        code.local_get(feature)
            .i32_const(cells)
            .i32_mul()
            .local_get(cell)
            .i32_add()
            .local_get(wh)
            .call(CURVE);
        code.else_().f64_const(f64::NAN.into()).end();
    })
}

/// `(a, b)`: the higher, or the one that is a number.
fn higher() -> Function {
    let [a, b] = [0, 1];
    body([], |code| {
        code.local_get(a).local_get(b);
        code.local_get(a).local_get(b).f64_ge();
        code.local_get(b).local_get(b).f64_ne().i32_or();
        code.select();
    })
}

/// `(day, hour)`: the cell.
fn cell(days: f64) -> Function {
    let [day, hour] = [0, 1];
    let is_among = |code: &mut InstructionSink<'_>, index: u32, count: f64| {
        code.local_get(index).f64_const(0.0.into()).f64_ge();
        code.local_get(index).f64_const(count.into()).f64_lt().i32_and();
        code.local_get(index).f64_floor().local_get(index).f64_eq().i32_and();
    };
    body([], |code| {
        is_among(code, day, days);
        is_among(code, hour, 24.0);
        code.i32_and().if_(BlockType::Result(I32));
        code.local_get(day).i32_trunc_f64_s().i32_const(24).i32_mul();
        code.local_get(hour).i32_trunc_f64_s().i32_add();
        code.else_().i32_const(-1).end();
    })
}

/// `(ms)`: the cell of an instant, in milliseconds since 1970, by the rule of [`Clock`].
fn cell_at(clock: &Clock, memory: &Memory) -> Function {
    let [ms, second, local, span, end, middle, date, of_year, year] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    body([I64, I64, I32, I32, I32, I32, I32, I32], |code| {
        // Nothing is known of NaN and of other years.
        code.local_get(ms).f64_const(0.0.into()).f64_ge();
        code.local_get(ms).f64_const(((Clock::END_S * 1000) as f64).into()).f64_lt().i32_and().i32_eqz();
        code.if_(BlockType::Empty).i32_const(-1).return_().end();
        code.local_get(ms).i64_trunc_f64_s().i64_const(1000).i64_div_s().local_set(second);
        code.i32_const(count(&clock.spans)).local_set(end);
        search(code, [span, end, middle], |code| {
            i64_at(code, memory.spans_from, middle);
            code.local_get(second).i64_le_s();
        });
        // A day more, so that it is not negative.
        code.local_get(second);
        i64_at(code, memory.spans_offset, span);
        code.i64_add().i64_const(86_400).i64_add().local_set(local);
        code.local_get(local)
            .i64_const(86_400)
            .i64_div_s()
            .i32_wrap_i64()
            .i32_const(1)
            .i32_sub()
            .local_set(date);
        match clock.day_classes {
            DayClasses::None => {
                code.i32_const(0);
            }
            DayClasses::DayType => {
                weekday(code, date);
                code.i32_const(5).i32_ge_s().local_get(date).call(IS_HOLIDAY).i32_or();
            }
            DayClasses::DayOfWeek => weekday(code, date),
            DayClasses::DayOfMonth => {
                day_of_month(code, [date, of_year, year]);
                code.i32_const(1).i32_sub();
            }
        }
        code.i32_const(24).i32_mul();
        code.local_get(local)
            .i64_const(86_400)
            .i64_rem_s()
            .i64_const(3600)
            .i64_div_s()
            .i32_wrap_i64()
            .i32_add();
    })
}

/// 0 for Monday.
fn weekday(code: &mut InstructionSink<'_>, date: u32) {
    code.local_get(date).i32_const(3).i32_add().i32_const(7).i32_rem_s();
}

/// The day of the month, from 1, of days since 1970.
fn day_of_month(code: &mut InstructionSink<'_>, [date, of_year, year]: [u32; 3]) {
    // The day of 400 years that begin in March, for a moment.
    let of_era = of_year;
    code.local_get(date).i32_const(719_468).i32_add().i32_const(146_097).i32_rem_s().local_set(of_era);
    // year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365
    code.local_get(of_era).local_get(of_era).i32_const(1460).i32_div_s().i32_sub();
    code.local_get(of_era).i32_const(36_524).i32_div_s().i32_add();
    code.local_get(of_era)
        .i32_const(146_096)
        .i32_div_s()
        .i32_sub()
        .i32_const(365)
        .i32_div_s()
        .local_set(year);
    // of_year = of_era - (365 * year + year / 4 - year / 100)
    code.local_get(of_era).i32_const(365).local_get(year).i32_mul();
    code.local_get(year).i32_const(4).i32_div_s().i32_add();
    code.local_get(year).i32_const(100).i32_div_s().i32_sub().i32_sub().local_set(of_year);
    // of_year - (153 * ((5 * of_year + 2) / 153) + 2) / 5 + 1
    code.local_get(of_year).i32_const(153).i32_const(5).local_get(of_year).i32_mul().i32_const(2).i32_add();
    code.i32_const(153).i32_div_s().i32_mul().i32_const(2).i32_add().i32_const(5).i32_div_s();
    code.i32_sub().i32_const(1).i32_add();
}

/// `(date)`: 1 for a holiday, else 0.
fn is_holiday(clock: &Clock, memory: &Memory) -> Function {
    let [date, place] = [0, 1];
    body([I32], |code| {
        code.block(BlockType::Empty).loop_(BlockType::Empty);
        code.local_get(place).i32_const(count(&clock.holidays)).i32_ge_s().br_if(1);
        i32_at(code, memory.holidays, place);
        code.local_get(date).i32_eq().if_(BlockType::Empty).i32_const(1).return_().end();
        code.local_get(place).i32_const(1).i32_add().local_set(place);
        code.br(0).end().end().i32_const(0);
    })
}

/// `(day, hour, wh)`.
fn score() -> Function {
    let [day, hour, wh] = [0, 1, 2];
    body([], |code| {
        code.i32_const(0).local_get(day).local_get(hour).call(CELL).local_get(wh).call(FEATURE);
    })
}

/// `(hour, wh)`: the lowest score over all day classes; they have one all or none.
fn score_hour(days: f64) -> Function {
    let [hour, wh, day, one, lowest] = [0, 1, 2, 3, 4];
    body([F64, F64, F64], |code| {
        code.f64_const(f64::INFINITY.into()).local_set(lowest);
        code.loop_(BlockType::Empty);
        code.i32_const(0)
            .local_get(day)
            .local_get(hour)
            .call(CELL)
            .local_get(wh)
            .call(FEATURE)
            .local_set(one);
        // NaN is not higher.
        code.local_get(lowest)
            .local_get(one)
            .local_get(one)
            .local_get(lowest)
            .f64_gt()
            .select()
            .local_set(lowest);
        code.local_get(day).f64_const(1.0.into()).f64_add().local_tee(day);
        code.f64_const(days.into()).f64_lt().br_if(0).end();
        code.local_get(lowest);
    })
}

/// `(ms, wh)`.
fn score_at() -> Function {
    let [ms, wh] = [0, 1];
    body([], |code| {
        code.i32_const(0).local_get(ms).call(CELL_AT).local_get(wh).call(FEATURE);
    })
}

/// `(day, hour, a number for each feature)`: the highest score.
fn highest(function: &flat::Function) -> Function {
    let [day, hour, first] = [0, 1, 2];
    let cell = first + size(function.arguments.len()).cast_unsigned();
    body([I32], |code| {
        code.local_get(day).local_get(hour).call(CELL).local_set(cell);
        for (place, argument) in (first..).zip(&function.arguments) {
            code.i32_const(size(argument.set)).local_get(cell).local_get(place).call(FEATURE);
            if place > first {
                code.call(HIGHER);
            }
        }
    })
}

/// How many; what is exported has far fewer than an `i32` holds.
fn count<T>(items: &[T]) -> i32 {
    size(items.len())
}

fn size(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
