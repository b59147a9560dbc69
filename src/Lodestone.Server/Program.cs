return await Lodestone.Server.CommandLine.Parse(args).InvokeAsync();
