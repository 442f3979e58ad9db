using Posthaste.Commands;

return await CommandLine.RunAsync(args);
