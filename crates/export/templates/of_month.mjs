
/** The day of the month of so many days since 1970. */
function dayOfMonth(date) {
  const ofEra = (date + 719468) % 146097;
  const year = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36524) - Math.floor(ofEra / 146096)) / 365);
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  return ofYear - Math.floor((153 * Math.floor((5 * ofYear + 2) / 153) + 2) / 5) + 1;
}
