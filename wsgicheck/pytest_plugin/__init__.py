"""What the pytest plugin does once it is used: items for each rule, fixtures, the watch over test clients."""
