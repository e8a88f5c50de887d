// Sends what stands in the form, and shows the answer as it came.
const answer = document.getElementById("answer");

document.getElementById("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const found = await fetch("predict", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: document.getElementById("rows").value,
    });
    const text = await found.text();
    try {
      answer.textContent = JSON.stringify(JSON.parse(text), null, 1);
    } catch {
      answer.textContent = text;
    }
  } catch (error) {
    answer.textContent = `The service does not answer: ${error.message}`;
  }
});
