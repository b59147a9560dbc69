using Lodestone.Server;

await using var app = LodestoneServer.Create(new ServeOptions());
await LodestoneServer.StartAsync(app, CancellationToken.None);
await app.WaitForShutdownAsync();
