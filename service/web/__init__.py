"""What all routes share: dependencies, errors, middleware, uploads, attachments."""
