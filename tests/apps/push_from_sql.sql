SELECT taskactor.push('mail', 'send_letter', '["ann@example.org"]', '{"priority": 2, "delay": 60}');
