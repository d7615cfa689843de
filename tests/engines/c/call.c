/* Calls the header with every vector on its standard input. FLOORS, STEPS and RISES are how many numbers each function takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anomoly_power.h"

#define CALL_(function, count) function##_##count
#define CALL(function, count) CALL_(function, count)
#define TAKES_0(f) NAN
#define TAKES_1(f) f(day, hour, a[2])
#define TAKES_3(f) f(day, hour, a[2], a[3], a[4])
#define TAKES_4(f) f(day, hour, a[2], a[3], a[4], a[5])

static void print(double score, char end) {
  if (score != score) printf("null%c", end);
  else if (score == 0.0 && 1.0 / score < 0.0) printf("-0.0%c", end);
  else printf("%.17g%c", score, end);
}

int main(void) {
  static char line[1024];
  struct anomoly_power_recent recent = {0};
  while (fgets(line, sizeof line, stdin)) {
    char *fields[8] = {0}, *field;
    double a[8];
    int count = 0, is_int[8], day, hour, i;
    if (line[0] == '#') continue;
    for (field = strtok(line, "\t\n"); field && count < 8; field = strtok(NULL, "\t\n")) fields[count++] = field;
    for (i = 0; i + 2 < count; i++) {
      a[i] = strcmp(fields[i + 2], "null") ? strtod(fields[i + 2], NULL) : NAN;
      is_int[i] = a[i] > -1e9 && a[i] < 1e9 && a[i] == (double)(int)a[i];
    }
    if (!strcmp(fields[0], "push") || !strcmp(fields[0], "score_at")) {
      int64_t instant = strtoll(fields[2], NULL, 10);
      if (a[0] != a[0]) {
        puts("skip"); /* no instant is no int64_t */
      } else if (fields[0][0] == 's') {
        print(anomoly_power_score_at(instant, a[1]), '\n');
      } else {
        struct anomoly_power_scored s = anomoly_power_push(&recent, instant, a[1]);
        print(s.score, ' ');
        print(s.level, ' ');
        print(s.floor, ' ');
        print(s.step, ' ');
        print(s.rise, '\n');
      }
      continue;
    }
    if (!strcmp(fields[0], "score_hour")) {
      if (is_int[0]) print(anomoly_power_score_hour((int)a[0], a[1]), '\n');
      else puts("skip");
      continue;
    }
    if (!is_int[0] || !is_int[1]) {
      puts("skip"); /* a fractional hour, or none, is no int */
      continue;
    }
    day = (int)a[0];
    hour = (int)a[1];
    if (!strcmp(fields[0], "score")) print(anomoly_power_score(day, hour, a[2]), '\n');
    else if (!strcmp(fields[0], "floor")) print(CALL(TAKES, FLOORS)(anomoly_power_floor), '\n');
    else if (!strcmp(fields[0], "step")) print(CALL(TAKES, STEPS)(anomoly_power_step), '\n');
    else print(CALL(TAKES, RISES)(anomoly_power_rise), '\n');
  }
  return 0;
}
