@HEADING@
 *
 * Scores are those of knowatt itself, bit for bit; NAN is no score. C99 or C++11, no allocation, nothing to link.
 */
#ifndef @GUARD@
#define @GUARD@

#include <float.h>
#include <math.h>
#include <stdint.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0) || defined(__RECIPROCAL_MATH__)
#error "scores are exact, and no score is NAN: compile this without -ffast-math, -ffinite-math-only and -freciprocal-math"
#endif
#if FLT_EVAL_METHOD != 0
#error "scores are exact: compile this so that doubles are computed as doubles (on x86 with -msse2 -mfpmath=sse)"
#endif

/* How many classes of days there are: @DAY_CLASSES@. */
#define @UPPER@_DAYS @DAYS@

/* All curves end to end, a line for each feature, day class and hour: the knots' Wh, their scores, and where each curve begins. */
static const double @NAME@_wh[] = {
@WH@};
static const double @NAME@_scores[] = {
@SCORES@};
static const uint32_t @NAME@_starts[] = {
@STARTS@};

/* The time zone: from so many seconds since 1970 on, local time is so many seconds ahead of UTC. */
static const int64_t @NAME@_spans_from[] = {@SPANS_FROM@};
static const int32_t @NAME@_spans_offset[] = {@SPANS_OFFSET@};
@HOLIDAYS@@OF_MONTH@
static inline double @NAME@_curve(int cell, double wh) {
  uint32_t left = @NAME@_starts[cell], last = @NAME@_starts[cell + 1] - 1, right = last;
  double line, most;
  while (right - left > 1) {
    uint32_t middle = (left + right) / 2;
    if (@NAME@_wh[middle] <= wh) left = middle;
    else right = middle;
  }
  line = @NAME@_scores[left] + (wh - @NAME@_wh[left]) * (@NAME@_scores[right] - @NAME@_scores[left]) / (@NAME@_wh[right] - @NAME@_wh[left]);
  most = right < last ? @NAME@_scores[right] : DBL_MAX;
  return line > most ? most : line;
}

static inline double @NAME@_feature(int feature, int day, int hour, double wh) {
  if (day < 0 || day >= @UPPER@_DAYS || hour < 0 || hour > 23 || !(wh >= 0.0 && wh <= DBL_MAX)) return NAN;
  return @NAME@_curve((feature * @UPPER@_DAYS + day) * 24 + hour, wh);
}

/* The higher, or the one that is a number. */
static inline double @NAME@_higher(double a, double b) { return a >= b || b != b ? a : b; }

/* The day class and the hour, in the home's zone, of milliseconds since 1970; 0 outside 1970 to 2099, else 1. */
static inline int @NAME@_slot(int64_t instant_ms, int *day, int *hour) {
  int64_t second = instant_ms / 1000, local;
  int span = 0, end = (int)(sizeof @NAME@_spans_from / sizeof *@NAME@_spans_from), date;
  if (instant_ms < 0 || second >= @END_S@) return 0;
  while (end - span > 1) {
    int middle = (span + end) / 2;
    if (@NAME@_spans_from[middle] <= second) span = middle;
    else end = middle;
  }
  local = second + @NAME@_spans_offset[span] + 86400; /* a day more, so that it is not negative */
  date = (int)(local / 86400) - 1;
  *hour = (int)(local % 86400 / 3600);
  *day = @DAY_RULE@;
  (void)date;
  return 1;
}

/* The score of a reading of so many Wh by itself; NAN where there is no such day or hour, or Wh is no reading. */
static inline double @NAME@_score(int day, int hour, double wh) { return @NAME@_feature(0, day, hour, wh); }

/* The lowest score over all day classes: above 1.0 on any day. */
static inline double @NAME@_score_hour(int hour, double wh) {
  double lowest = @NAME@_score(0, hour, wh), one;
  int day;
  for (day = 1; day < @UPPER@_DAYS; day++) {
    one = @NAME@_score(day, hour, wh);
    if (one < lowest) lowest = one;
  }
  return lowest;
}

/* The score of a reading by itself, by the instant its hour starts, in milliseconds since 1970. */
static inline double @NAME@_score_at(int64_t instant_ms, double wh) {
  int day, hour;
  return @NAME@_slot(instant_ms, &day, &hour) ? @NAME@_score(day, hour, wh) : NAN;
}
@FUNCTIONS@
/* What alerts when `score`, the largest of the others, is above 1.0; NAN is what the hours before are needed for and are not known. */
struct @NAME@_scored {
  double score, level, floor, step, rise;
};

/* The last hours of one meter, which is all the state there is; all zero at first. */
struct @NAME@_recent {
  int64_t newest_ms;
  int known;
  double wh[@KEPT@];
};

/* The lowest of so many hours, as they were so many hours before; NAN if not all are known. */
static inline double @NAME@_low(const struct @NAME@_recent *recent, int before, int hours) {
  double lowest;
  int i;
  if (recent->known < before + hours) return NAN;
  lowest = recent->wh[before];
  for (i = before + 1; i < before + hours; i++) {
    if (recent->wh[i] < lowest) lowest = recent->wh[i];
  }
  return lowest;
}

static inline double @NAME@_above(double now, double before) { return now < before ? 0.0 : now - before; }

/* The scores of the next reading, by the instant its hour starts, in milliseconds since 1970; all NAN where it has none, and then it is not taken. */
static inline struct @NAME@_scored @NAME@_push(struct @NAME@_recent *recent, int64_t start_ms, double wh) {
  struct @NAME@_scored scored = {NAN, NAN, NAN, NAN, NAN};
  int day, hour, i;
  if (!@NAME@_slot(start_ms, &day, &hour)) return scored;
  scored.level = @NAME@_score(day, hour, wh);
  if (scored.level != scored.level) return scored;
  if (recent->known > 0 && start_ms - recent->newest_ms == 3600000) {
    if (recent->known < @KEPT@) recent->known++;
  } else {
    recent->known = 1;
  }
  for (i = recent->known - 1; i > 0; i--) recent->wh[i] = recent->wh[i - 1];
  recent->wh[0] = wh;
  recent->newest_ms = start_ms;
@PUSHED@
  scored.score = @NAME@_higher(@NAME@_higher(scored.level, scored.floor), @NAME@_higher(scored.step, scored.rise));
  return scored;
}

#endif
