"""Events for other systems (事件通知): who subscribes to which, the outbox, and how far each delivery has come."""
