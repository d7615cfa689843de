
/* The day of the month of so many days since 1970. */
static inline int @NAME@_day_of_month(int date) {
  int of_era = (date + 719468) % 146097;
  int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int of_year = of_era - (365 * year + year / 4 - year / 100);
  return of_year - (153 * ((5 * of_year + 2) / 153) + 2) / 5 + 1;
}
