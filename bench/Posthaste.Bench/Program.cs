using Posthaste.Bench;

return await BenchCommand.Create().Parse(args).InvokeAsync();
