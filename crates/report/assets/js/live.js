// What is it now: filled in when the page is served.

function showLive() {}
