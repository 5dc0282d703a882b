"""`youju serve`: the HTTP API, the chat page and MCP in one server that is safe to expose.

  a request → guard (host, origin, login, rate, size) → api | openai_api | mcp_server | the page
            → desk (bounded queues, cache) → crew (processes) → work (a Bot for each index) → JSON

The server's own process only moves bytes: answering, indexing and parsing happen in helper
processes, so that a slow question, a broken file or a killed helper costs nobody else anything.
"""
