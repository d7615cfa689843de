
/* Days since 1970, rising. */
static const int32_t @NAME@_holidays[] = {@DATES@};

static inline int @NAME@_is_holiday(int date) {
  int i;
  for (i = 0; i < (int)(sizeof @NAME@_holidays / sizeof *@NAME@_holidays); i++) {
    if (@NAME@_holidays[i] == date) return 1;
  }
  return 0;
}
