"""The parts that all routes share: dependencies, errors, middleware, uploads, attachments."""
