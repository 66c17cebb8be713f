// Unpacks the scripts and runs them; the page's policy knows what they must be.
(async () => {
  try {
    const bytes = Uint8Array.from(atob(document.getElementById('scripts').textContent), c => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    const script = document.createElement('script');
    script.textContent = await new Response(stream).text();
    document.body.append(script);
  } catch (error) {
    document.getElementById('notice').textContent = 'This page needs a browser of 2023 or newer.';
    throw error;
  }
})();
